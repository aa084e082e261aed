"""What `vggx train` says of a run."""

from vggx.commands.train.run import waiting


def test_a_run_that_waits_much_for_data_is_told_what_to_do() -> None:
    told = waiting({"data_share": 0.35, "samples_per_second": 1234.5})
    assert told.startswith("speed: 1,234 samples a second, 35% of the time spent waiting for data; more modality.data.")
    assert waiting({"data_share": 0.05, "samples_per_second": 90.0}).endswith("5% of the time spent waiting for data")
