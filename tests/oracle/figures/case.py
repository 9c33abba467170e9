"""What a run recorded: raw answers with their arrival, every publication, and the bodies of one of them."""

import json
from functools import cached_property
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

KINDS = {"/v5/market/tickers": "tickers", "/v5/market/instruments-info": "instruments", "/v5/market/kline": "kline",
         "/v5/market/orderbook": "orderbook", "/v5/market/recent-trade": "recent-trade",
         "/v5/market/open-interest": "open-interest", "/v5/market/account-ratio": "account-ratio",
         "/v5/market/funding/history": "funding/history", "/api/v3/global": "global",
         "/api/v3/global/decentralized_finance_defi": "defi", "/fng/": "fear-greed"}
INPUTS = ("kline", "orderbook", "recent-trade", "open-interest", "account-ratio", "funding/history")


class Answer:
    def __init__(self, folder, line):
        self.received, self.file = line["received_ms"], folder / line["file"]
        parts = urlsplit(line["url"])
        self.kind, self.query = KINDS.get(parts.path), dict(parse_qsl(parts.query))
        # The record of a day, of every contract; what a score rests on comes every five minutes.
        if self.kind == "open-interest" and self.query.get("intervalTime") == "15min":
            self.kind = "interest-record"

    @cached_property
    def json(self):
        return json.loads(self.file.read_bytes(), strict=False)

    @property
    def is_usable(self):
        return self.json.get("retCode", 0) == 0


def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


class Case:
    def __init__(self, folder):
        folder = Path(folder)
        answers = [Answer(folder, line) for line in lines(folder / "answers.jsonl") if line["status"] == 200]
        self.answers = sorted((answer for answer in answers if answer.kind), key=lambda answer: answer.received)
        self.publications = lines(folder / "publications.jsonl")
        self.bodies = json.loads((folder / "bodies.json").read_text())
        self.settings = json.loads((folder / "settings.json").read_text())

    def of(self, kind, until=None):
        return [answer for answer in self.answers if answer.kind == kind and (until is None or answer.received <= until)]
