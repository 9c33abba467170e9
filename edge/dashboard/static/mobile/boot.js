// Looks after the page until its program runs: says when that does not come, and loads the page again, ever less often. A
// file of its own, in the language of browsers of 2012, so that it runs where the program cannot.
(function () {
  "use strict";
  var PATIENCE_MS = 8000;
  var FIRST_PAUSE_MS = 10000;
  var LONGEST_PAUSE_MS = 60000;
  var ATTEMPTS = "attempts";
  var isTold = false;

  // The program takes the notice away when it runs.
  function notice() {
    return document.getElementById("boot");
  }

  // Private windows may refuse the store.
  function attempts(set) {
    try {
      if (set !== undefined) sessionStorage.setItem(ATTEMPTS, String(set));
      return Number(sessionStorage.getItem(ATTEMPTS)) || 0;
    } catch (refused) {
      return 3;
    }
  }

  function tell(why) {
    if (notice() === null || isTold) return;
    isTold = true;
    notice().className += " told";
    document.getElementById("boot-why").textContent = why;
    setTimeout(again, Math.min(FIRST_PAUSE_MS * Math.pow(2, attempts()), LONGEST_PAUSE_MS));
  }

  function again() {
    if (notice() === null) return;
    attempts(attempts() + 1);
    location.reload();
  }

  function isOurs(address) {
    return String(address).indexOf("/mobile/assets/") >= 0;
  }

  // A script that does not come says so on its own element, which is heard on the way down to it only.
  addEventListener(
    "error",
    function (event) {
      var element = event.target;
      if (element && element.tagName === "SCRIPT" && isOurs(element.src)) tell("Its program could not be loaded.");
      else if (event.message && isOurs(event.filename)) tell("Its program failed: " + event.message);
    },
    true
  );

  setTimeout(function () {
    if (notice() === null) {
      attempts(0);
      return;
    }
    // A style sheet that hangs keeps everything from being drawn, and the program from running.
    var sheets = document.querySelectorAll('link[rel="stylesheet"]');
    for (var i = 0; i < sheets.length; i += 1) if (!sheets[i].sheet) sheets[i].parentNode.removeChild(sheets[i]);
    var isOld = !("noModule" in document.createElement("script"));
    tell(isOld ? "This browser is too old for it." : "Its program has not arrived.");
  }, PATIENCE_MS);
})();
