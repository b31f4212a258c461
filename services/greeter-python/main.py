#!/usr/bin/env python3
"""A task service for Slipway in Python, with nothing but the standard library.

Claims attempts of the task `greet` over HTTP, runs a few of them at once, sends signs of life while they run, and posts
what they found. Everything below `# ---- the service` is the same for every task.
"""

import collections
import concurrent.futures
import http.client
import json
import os
import random
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

TASK = "greet"
GREETINGS = {
    "AT": "Grüß Gott", "BR": "Bom dia", "CH": "Grüezi", "CL": "Buenos días", "DE": "Guten Tag", "ES": "Buenos días",
    "FR": "Bonjour", "GB": "Good day", "IT": "Buongiorno", "JP": "Konnichiwa", "PL": "Dzień dobry", "US": "Howdy",
}


class TerminalError(Exception):
    """No repeat can help."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


def greet(task_input, data):
    """What the task does: takes its input and all of the event's data, returns its output."""
    if not isinstance(task_input, dict):
        raise TerminalError("INVALID_INPUT", "greet: an object such as {\"name\": \"Ada\"}")
    name = task_input.get("name", "you")
    country = task_input.get("country")
    if not isinstance(name, str) or not 0 < len(name) <= 200:
        raise TerminalError("INVALID_INPUT", "name: a text of 1 to 200 characters")
    if country is not None and not isinstance(country, str):
        raise TerminalError("INVALID_INPUT", "country: two letters, such as DE")
    return {"greeting": f"{GREETINGS.get(country, 'Hello')}, {name}!", "language": "python"}


# ---- the service

SERVER = os.environ.get("SLIPWAY_SERVER", "http://127.0.0.1:8484").rstrip("/")
TOKEN = os.environ.get("SLIPWAY_TOKEN")
SOURCE = f"/greeter-python/{socket.gethostname()}-{os.getpid()}"
SLOTS = 4
WAIT_S = 20
LEASE_S = 15
DRAIN_S = 10
ANSWERED_MAX = 1000

ending = threading.Event()
busy = threading.BoundedSemaphore(SLOTS)
# The attempts that were answered, with their answers: one that comes again is answered again and does not run again.
answered = collections.OrderedDict()


def post(path, body, content_type, timeout_s):
    """Posts JSON. Returns (status, parsed answer); raises OSError when there is no answer."""
    headers = {"content-type": content_type}
    if TOKEN:
        headers["authorization"] = f"Bearer {TOKEN}"
    request = urllib.request.Request(SERVER + path, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=timeout_s) as response:
            text = response.read()
            return response.status, json.loads(text) if text else None
    except urllib.error.HTTPError as refusal:
        with refusal:
            text = refusal.read()
        try:
            return refusal.code, json.loads(text)
        except ValueError:
            return refusal.code, {"detail": text[:200].decode(errors="replace")}


class Claimer:
    """Asks for attempts, on a connection of its own that can be left without losing what is on its way."""

    def __init__(self):
        url = urllib.parse.urlsplit(SERVER)
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        self.connection = kind(url.netloc, timeout=WAIT_S + 10)
        self.path = f"{url.path}/v1/tasks/{TASK}/claim?wait={WAIT_S}s&max=1&lease={LEASE_S}s"
        self.headers = {"content-type": "application/json", **({"authorization": f"Bearer {TOKEN}"} if TOKEN else {})}

    def claim(self):
        """The attempts that came, none or one. Raises OSError when the server did not answer, or refused."""
        body = json.dumps({"source": SOURCE, "version": "0.1.0"})
        try:
            self.connection.request("POST", self.path, body, self.headers)
            response = self.connection.getresponse()
            text = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            raise OSError(str(error)) from error
        if response.status not in (200, 204):
            raise OSError(f"{response.status} {text[:300].decode(errors='replace')}")
        if response.status == 204:
            return []
        try:
            triggers = json.loads(text)
        except ValueError as error:
            raise OSError(f"the answer is no JSON: {text[:100]!r}") from error
        return [{**trigger, "data": trigger.get("data") or {}} for trigger in triggers]

    def leave(self):
        """Ends our half: the server gives up the claim, unless its answer is on its way, which is then still read."""
        if self.connection.sock is not None:
            self.connection.sock.shutdown(socket.SHUT_WR)


def backoff(failures):
    """Full jitter, so that many services do not come back in the same moment."""
    return random.uniform(0, min(10, 0.1 * 2 ** min(failures, 10)))


def log(message, **fields):
    print(json.dumps({"at": int(time.time() * 1000), "service": SOURCE, "message": message, **fields}), file=sys.stderr, flush=True)


def answer(trigger, phase, data):
    """The event that answers a trigger, in the spelling that the trigger has."""
    event = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": SOURCE, "datacontenttype": "application/json"}
    event["type"] = trigger["type"].rsplit(".", 1)[0] + "." + phase
    event["triggeredid" if "shkeptncontext" in trigger else "causationid"] = trigger["id"]
    for name in ("subject", "correlationid", "shkeptncontext", "traceparent", "tracestate"):
        if name in trigger:
            event[name] = trigger[name]
    where = {name: trigger["data"][name] for name in ("project", "stage", "service") if name in trigger["data"]}
    event["data"] = {**where, **data}
    return event


def send(event):
    """Delivers an answer, whatever it takes while the service lives. False: the attempt is over, or the service ends."""
    failures = 0
    give_up_at = None
    while True:
        try:
            status, body = post("/v1/events", event, "application/cloudevents+json", 30)
            if status < 300:
                return True
            if status not in (401, 403, 408, 425, 429) and status < 500:
                log("an answer was not taken", status=status, why=(body or {}).get("detail"))
                return False
            why = f"{status} {(body or {}).get('detail')}"
        except OSError as error:
            why = str(error)
        if failures % 10 == 0:
            log("could not answer: trying again", why=why)
        if ending.is_set():
            # The attempt is offered again when its lease is over.
            give_up_at = give_up_at or time.monotonic() + DRAIN_S
            if time.monotonic() >= give_up_at:
                log("ends without an answer taken", attempt=event.get("causationid") or event.get("triggeredid"), why=why)
                return False
        time.sleep(backoff(failures))
        failures += 1


def beat(trigger, done):
    """Says that the attempt is alive until it is done; without it the lease lapses and somebody else gets it."""
    while not done.wait(LEASE_S / 3):
        if not send(answer(trigger, "status.changed", {})):
            return


def run(trigger):
    """One attempt, from its trigger to its answer."""
    done = threading.Event()
    threading.Thread(target=beat, args=(trigger, done), daemon=True).start()
    try:
        task_input = trigger["data"].get(TASK)
        output = greet({} if task_input is None else task_input, trigger["data"])
        data = {"status": "succeeded", "result": "pass", TASK: output}
    except TerminalError as error:
        reason = {"code": error.code, "message": str(error), "retryable": False}
        data = {"status": "errored", "result": "fail", "message": str(error), "error": reason}
    except Exception as error:  # Whatever goes wrong in the task is its answer, and not the end of the service.
        data = {"status": "errored", "result": "fail", "message": str(error), "error": {"code": type(error).__name__, "message": str(error)}}
    finally:
        done.set()
    event = answer(trigger, "finished", data)
    answered[trigger["id"]] = event
    while len(answered) > ANSWERED_MAX:
        answered.popitem(last=False)
    send(event)


def take(trigger):
    try:
        if trigger["id"] in answered:
            send(answered[trigger["id"]])
        else:
            run(trigger)
    finally:
        busy.release()


def main():
    claimer = Claimer()

    def end(*_):
        ending.set()
        claimer.leave()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    log("serving", task=TASK, server=SERVER)
    failures = 0
    with concurrent.futures.ThreadPoolExecutor(SLOTS) as pool:
        while not ending.is_set():
            # A slot first, then the attempt that fills it.
            if not busy.acquire(timeout=0.5):
                continue
            triggers = []
            try:
                triggers = claimer.claim()
                failures = 0
            except OSError as error:
                if failures % 20 == 0 and not ending.is_set():
                    log("could not claim: trying again", why=str(error))
                ending.wait(backoff(failures))
                failures += 1
            for trigger in triggers:
                pool.submit(take, trigger)
            if not triggers:
                busy.release()
    # The pool has waited for what runs, and each of them has delivered its answer.
    log("ended")


if __name__ == "__main__":
    main()
