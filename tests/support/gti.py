"""The client's description for GTI."""

PASSWORD = "pass:wörd€"
CLIENT = {"cliid": "7", "prn": "Spot", "sdkv": "1.0", "pv": "1.0.0", "pev": 1, "rid": 1, "affid": "0"}
