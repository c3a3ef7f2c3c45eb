"""The work of a search on a Dask cluster, of which a worker dies half way."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

from emlc.search.shards import Outcome, Shard, run_shards

distributed = pytest.importorskip("distributed")
PARTS = 16


def test_a_killed_worker_loses_nothing() -> None:
    shards = [Shard("x/2", (), "exact", 3e8, 61, 15, 29, part, PARTS) for part in range(PARTS)]
    got: list[Outcome] = []

    def work(address: str) -> None:
        got.extend(run_shards(shards, address))

    options: dict[str, Any] = {"processes": True, "dashboard_address": None}
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, **options) as cluster:
        thread = threading.Thread(target=work, args=(cluster.scheduler_address,))
        thread.start()
        time.sleep(3)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        thread.join(timeout=120)
        assert not thread.is_alive()
    assert len(got) == PARTS
    found = {"".join(rpn) for outcome in got for rpn in outcome.trees}
    assert "11xE11111E1EEEE1xE1E1EE1EEE1E" in found
    assert sum(outcome.meeting for outcome in got) == 0
