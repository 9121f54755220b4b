"""Answers each line of JSON of the input by one of the output, in order."""

import json
import sys
import traceback


def serve(calls):
    for line in sys.stdin:
        try:
            ask = json.loads(line)
            answer = {"answer": calls[ask["call"]](ask)}
        except Exception:
            answer = {"broken": traceback.format_exc()}
        print("answer " + json.dumps(answer), flush=True)
