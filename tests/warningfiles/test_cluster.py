# SPDX-License-Identifier: EUPL-1.2
"""Making on a Dask cluster of this machine: the same files as without, and clear words when there is none."""

import importlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from police2peer.campaign import Campaign
from police2peer.cli.make import make
from police2peer.errors import Unavailable
from police2peer.warningfiles import VerifyCode, make_campaign, read_manifest
from police2peer.warningfiles.cluster import cluster_executor


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = importlib.import_module("distributed")
    with distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        silence_logs=50,
        worker_dashboard_address=None,
    ) as running:
        yield running


def test_a_cluster_makes_what_one_machine_makes(
    cluster: Any,  # noqa: ANN401 - Dask ships no types
    small_campaign: Campaign,
    draw_code: Callable[[], VerifyCode],
    tmp_path: Path,
) -> None:
    codes: list[VerifyCode] = []

    def noted() -> VerifyCode:
        codes.append(draw_code())
        return codes[-1]

    with cluster_executor(cluster.scheduler_address) as executor:
        many = make_campaign(small_campaign, tmp_path / "many", new_code=noted, executor=executor)
    again = iter(codes)
    alone = make_campaign(small_campaign, tmp_path / "alone", new_code=lambda: next(again))
    assert [file.hashes for file in many.files] == [file.hashes for file in alone.files]
    assert [file.recipe for file in many.files] == list(small_campaign.recipes())


def test_the_command_makes_on_a_cluster(cluster: Any, small_campaign: Campaign, tmp_path: Path) -> None:  # noqa: ANN401
    options = ["--scheduler", cluster.scheduler_address, "--out", str(tmp_path), "--json"]
    run = CliRunner().invoke(make, [str(small_campaign.folder), *options])
    assert run.exit_code == 0, run.output
    assert json.loads(run.stdout)["files"] == len(read_manifest(tmp_path).files) == len(small_campaign.recipes())


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("police2peer.warningfiles.cluster._PATIENCE_S", 1)
    with pytest.raises(Unavailable, match="does not answer"), cluster_executor("tcp://127.0.0.1:9"):
        pass
