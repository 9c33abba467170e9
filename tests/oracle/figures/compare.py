"""What is published beside what is expected: field by field, and every number that was not compared by its path."""

import re

RELATIVE = 1e-9


class Fig:
    """A figure before its rounding, and the decimals to which it is published (None: all of them)."""

    def __init__(self, value, decimals=None):
        self.value, self.decimals = value, decimals

    @staticmethod
    def of(value, decimals=None):
        """None stays None: what is unknown is published as null."""
        return None if value is None else Fig(float(value), decimals)

    def __repr__(self):
        return f"{self.value!r}" + ("" if self.decimals is None else f" to {self.decimals} decimals")

    @property
    def step(self):
        """By how much a figure must differ at least to be another."""
        unit = 0.0 if self.decimals is None else 10.0**-self.decimals
        return max(2 * unit, 4 * RELATIVE * abs(self.value), 1e-15)

    def equals(self, shown):
        off = abs(shown - self.value)
        close = RELATIVE * max(abs(self.value), abs(shown))
        if self.decimals is None:
            return off <= close
        unit = 10.0**-self.decimals
        steps = shown / unit
        on_grid = abs(steps - round(steps)) <= 1e-6 * max(1.0, abs(steps) * 1e-6)
        return off <= unit / 2 + close and on_grid


class Moment(Fig):
    """A time that the process took from its own clock when an answer had come: up to a second after the proxy sent it."""

    step = 2_000

    def equals(self, shown):
        return -50 <= shown - self.value <= 1_000


class Text:
    """A sentence whose words are fixed and whose numbers are figures rounded as they are written."""

    NUMBERS = re.compile(r"[+-]?\d+(?:\.\d+)?")

    def __init__(self, text):
        self.text = text

    def __repr__(self):
        return repr(self.text)

    def equals(self, shown):
        if self.text == shown:
            return True
        if not isinstance(shown, str) or self.NUMBERS.sub("#", self.text) != self.NUMBERS.sub("#", shown):
            return False
        # A figure that lies half between two last digits may be written as either.
        pairs = zip(self.NUMBERS.findall(self.text), self.NUMBERS.findall(shown))
        last = lambda number: 10.0 ** -len(number.partition(".")[2])
        return all(one == other or (last(one) == last(other) and abs(float(one) - float(other)) <= last(one) * 1.01
                                    and abs(float(one)) > 0) for one, other in pairs)


class Given:
    """A number that no answer of an exchange tells, and why."""

    def __init__(self, reason):
        self.reason = reason


class Report:
    def __init__(self, reasons):
        self.reasons = reasons
        self.compared, self.known, self.words, self.uncompared, self.given, self.wrong = {}, set(), 0, {}, {}, []

    def check(self, endpoint, shown, expected):
        self.walk(endpoint, endpoint, shown, expected)

    def count(self, kind):
        self.compared[kind] = self.compared.get(kind, 0) + 1

    def fault(self, path, shown, expected):
        self.wrong.append(f"{path}: {shown!r} is published, {expected!r} is expected")

    def walk(self, kind, path, shown, expected):
        if isinstance(expected, Given):
            self.leave(kind, shown, expected.reason)
        elif isinstance(shown, dict):
            if not isinstance(expected, dict):
                return self.fault(path, f"an object of {sorted(shown)}", expected)
            for key in expected.keys() - shown.keys():
                self.fault(f"{path}.{key}", "nothing", expected[key])
            for key, value in shown.items():
                name = "{symbol}" if key.isupper() or key[0].isdigit() else key
                if key in expected:
                    self.walk(f"{kind}.{name}", f"{path}.{key}", value, expected[key])
                else:
                    self.leave(f"{kind}.{name}", value, None)
        elif isinstance(shown, list):
            if not isinstance(expected, list):
                return self.fault(path, f"a list of {len(shown)}", expected)
            if len(shown) != len(expected):
                return self.fault(path, f"a list of {len(shown)}: {shown[:3]!r} …", f"a list of {len(expected)}: {expected[:3]!r} …")
            for place, (one, other) in enumerate(zip(shown, expected)):
                self.walk(f"{kind}[]", f"{path}[{place}]", one, other)
        elif isinstance(shown, bool) or isinstance(shown, str):
            self.words += 1
            if not (expected.equals(shown) if isinstance(expected, Text) else shown == expected):
                self.fault(path, shown, expected)
        elif shown is None:
            self.count(kind)
            if expected is not None:
                self.fault(path, shown, expected)
        else:
            self.count(kind)
            self.known.add(kind)
            figure = expected
            if isinstance(expected, (int, float)) and not isinstance(expected, bool):
                figure = Fig(expected)
            if not (isinstance(figure, Fig) and figure.equals(shown)):
                self.fault(path, shown, expected)
            elif figure.equals(shown + figure.step) or figure.equals(shown - figure.step):
                self.fault(path, f"{shown!r} and its neighbours", expected)

    @property
    def only_null(self):
        """The fields of which every value was null, and nothing stands beneath them elsewhere."""
        beneath = {kind[: end.start()] for kind in self.known for end in re.finditer(r"[.\[]", kind)}
        return sorted(self.compared.keys() - self.known - beneath)

    def leave(self, kind, shown, reason):
        """Notes every number beneath as not compared."""
        if isinstance(shown, dict):
            for key, value in shown.items():
                self.leave(f"{kind}.{key}", value, reason)
        elif isinstance(shown, list):
            for value in shown:
                self.leave(f"{kind}[]", value, reason)
        elif isinstance(shown, (int, float)) and not isinstance(shown, bool):
            why = reason or next((why for pattern, why in self.reasons if re.search(pattern, kind)), None)
            place = self.uncompared if why is None else self.given
            place.setdefault(kind, [why, 0])[1] += 1

    @property
    def total(self):
        return sum(self.compared.values())
