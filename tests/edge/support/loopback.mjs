// Loopback addresses that belong to one test.
//
// The kernel may give a port that was free a moment ago to any other process, so a test cannot keep a port that it does not
// listen on. It can keep a whole address: Linux treats all of 127.0.0.0/8 as local, so each test gets its own, and on it the
// test can close any port and listen there again.

import { once } from "node:events";
import net from "node:net";

/**
 * Who listens on this port of an address owns the address. `tests/tests/integration/origin/support/loopback.rs` keeps to the same rule.
 * The port lies below those that the kernel hands out.
 */
const CLAIM_PORT = 21_000;

/** The addresses that may be owned are 127.16.0.0/12: far from those that systems give a meaning of their own. */
const FIRST = 0x7f10_0000;
const COUNT = 1 << 20;

/** Claims an address that nobody owns: nobody but the caller listens on it until it is released, or this process ends. */
export async function claimLoopback() {
  // Processes begin to look at different addresses, so that the first is usually free.
  for (let step = 0; step < COUNT; step += 1) {
    const host = dotted(FIRST + ((process.pid * 16 + step) % COUNT));
    const claim = net.createServer();
    try {
      claim.listen(CLAIM_PORT, host);
      await once(claim, "listening");
    } catch (error) {
      if (error.code === "EADDRINUSE") continue;
      throw error;
    }
    // A claim alone keeps no process alive.
    claim.unref();
    const release = async () => {
      if (!claim.listening) return;
      const closed = once(claim, "close");
      claim.close();
      await closed;
    };
    return { host, release };
  }
  throw new Error(`every loopback address is taken, or something listens on port ${CLAIM_PORT} of all addresses`);
}

const dotted = (address) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
