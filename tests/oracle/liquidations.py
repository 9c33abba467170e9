"""Compares what the origin's tape makes of the liquidations in liquidations/heard.json (liquidations/published.json, which a test
of `analysis` writes and checks) with what the definitions make of them. Prints what differs, as JSON."""

import json
import pathlib

from figures.liquidations import cascade, section

FOLDER = pathlib.Path(__file__).parent / "liquidations"


def main():
    heard = json.loads((FOLDER / "heard.json").read_text())
    published = json.loads((FOLDER / "published.json").read_text())
    case = heard["rows"], heard["observed_since_ms"], heard["as_of_ms"]
    expected = {"section": section(*case), "cascade": cascade(*case)}
    wrong = [f"{part}.{name}: {published[part].get(name)} is not {value}"
             for part, values in expected.items() for name, value in values.items() if published[part].get(name) != value]
    print(json.dumps({"compared": sum(len(values) for values in expected.values()), "wrong": wrong}))


if __name__ == "__main__":
    main()
