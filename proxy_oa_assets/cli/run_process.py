"""A run in the terminal: it says what it waits for, and Ctrl-C ends it at once."""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import click
import dagster as dg

from proxy_oa_assets.defs.assets.daily import WAITING
from proxy_oa_assets.defs.automation.dead_runs import process_of, running
from proxy_oa_assets.defs.automation.pools import pool_waited_for
from proxy_oa_assets.model.text import counted

_SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
# Seconds for an interrupted step to release its locks, and for the history to record it.
_GRACE = 1.0


def wait_of(instance: dg.DagsterInstance, entry: dg.EventLogEntry) -> str | None:
    """Return what the run waits for, and who holds it, if an entry of its log says so."""
    event = entry.dagster_event
    if event is None:
        return entry.user_message if entry.user_message.startswith(WAITING) else None
    if event.is_step_up_for_retry:
        retry = event.step_retry_data
        cause = retry.error.cause if retry.error else None
        reason = f": {cause.message.strip()}" if cause else ""
        return f"{event.step_key} is tried again in {retry.seconds_to_wait or 0:.0f} s{reason}"
    if pool := pool_waited_for(event):
        holders = sorted(instance.event_log_storage.get_concurrency_info(pool).active_run_ids)
        slots = f"a slot of the pool {pool}, held by {counted(len(holders), 'run')}"
        return (
            f"{event.step_key} waits for {slots}: {'; '.join(process_of(instance, run) for run in holders)}"
        )
    return None


@contextmanager
def interruptible(instance: dg.DagsterInstance, run_id: str) -> Iterator[None]:
    """Mark a run as this process's. Ctrl-C and SIGTERM record it as cancelled and end the process.

    Dagster delays both signals until a step works, and Python until a library returns. So a thread learns of
    them, and ends the process if the run doesn't end by itself. Raises SystemExit (128 plus the signal).
    """
    receiver, sender = socket.socketpair()
    sender.setblocking(False)
    ended = threading.Event()
    received: list[signal.Signals] = []

    def watch() -> None:
        while number := receiver.recv(1):
            if number[0] not in _SIGNALS:
                continue
            received.append(signal.Signals(number[0]))
            click.echo(f"proxy-oa: {_SIGNALS[received[0]]}: cancelling run {run_id}", err=True)
            recorder = threading.Thread(target=_cancel, args=(instance, run_id, ended), daemon=True)
            recorder.start()
            recorder.join(2 * _GRACE)
            if not ended.is_set():
                sys.stdout.flush()
                os._exit(128 + received[0])
            return

    watcher = threading.Thread(target=watch, name="signals", daemon=True)
    wakeup = signal.set_wakeup_fd(sender.fileno(), warn_on_full_buffer=False)
    # Outside of steps, an exception could be raised anywhere, in a database's driver for example.
    handlers = {number: signal.signal(number, lambda *_: None) for number in _SIGNALS}
    watcher.start()
    try:
        with running(instance, run_id):
            yield
    finally:
        ended.set()
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(wakeup)
        sender.close()
        watcher.join()
    if received:
        _cancel(instance, run_id, ended)
        raise SystemExit(128 + received[0])


def _cancel(instance: dg.DagsterInstance, run_id: str, ended: threading.Event) -> None:
    """Record a run as cancelled, at the latest after the grace."""
    run = instance.get_run_by_id(run_id)
    if run and not run.is_finished and not ended.is_set():
        instance.report_run_canceling(run, "Interrupted in the terminal")
        ended.wait(_GRACE)
        run = instance.get_run_by_id(run_id)
    if run and not run.is_finished:
        instance.report_run_canceled(run, "Interrupted in the terminal")
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)
