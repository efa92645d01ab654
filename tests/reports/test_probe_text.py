"""The figures of a probe as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from app.domain.probe import Module
from app.domain.probed import Probed
from app.reports import probe_text
from checkers import Outcome, Status
from checkers.probe import Chain, Facts
from checkers.timing import Phases

PLAIN = Probed(
    success=True, failed_due_to_regex=False, why=None, parsed=True, dialled=True, seconds=0.25,
    phases=Phases(0.1, 0.2, None, 1e-07, 0.3), ip_protocol=4, ip_addr_hash=3668918509, redirects=2,
    status_code=200, content_length=-1, body_length=5, http_version=1.1,
)  # fmt: skip


def _samples(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_both_ways_of_writing_say_the_same() -> None:
    assert probe_text.metrics(PLAIN) == probe_text._of_any(PLAIN)


def test_every_figure_can_be_read_again() -> None:
    samples = _samples(probe_text.metrics(PLAIN))

    assert samples["probe_duration_seconds", ()] == 0.25
    assert samples["probe_http_duration_seconds", ("processing",)] == 1e-07
    assert samples["probe_http_duration_seconds", ("tls",)] == 0
    assert samples["probe_http_content_length", ()] == -1
    assert samples["probe_ip_addr_hash", ()] == 3668918509


@pytest.mark.parametrize(
    ("parsed", "dialled", "phases"), [(True, True, 5), (True, False, 1), (False, False, 0)]
)
def test_phases_are_told_as_far_as_it_came(parsed: bool, dialled: bool, phases: int) -> None:
    samples = _samples(probe_text.metrics(PLAIN._replace(parsed=parsed, dialled=dialled)))

    told = [name for name, _ in samples if name == "probe_http_duration_seconds"]
    assert len(told) == phases
    assert (("probe_ip_protocol", ()) in samples) is parsed


@given(
    st.text(max_size=40).filter(
        lambda text: not set(text) & set("\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    )
)
def test_whatever_a_certificate_says_stays_in_its_label(text: str) -> None:
    chain = Chain(
        earliest=1.0, verified=None, fingerprint="ab", subject=text, issuer="i", names=(text,)
    )
    secure = PLAIN._replace(chain=chain, tls_version="TLS 1.3", tls_cipher="c")

    samples = _samples(probe_text.metrics(secure))

    assert samples["probe_ssl_last_chain_info", ("ab", "i", text, text)] == 1
    assert samples["probe_ssl_last_chain_expiry_timestamp_seconds", ()] == -62135596800
    assert samples["probe_http_ssl", ()] == 1


@given(st.text(max_size=60))
def test_a_log_has_a_line_for_each_event_whatever_it_tells_of(text: str) -> None:
    outcome = Outcome(
        seq=0, url=text, status=Status.DOWN, detail=text, started_at=0.0, queued=0.0,
        facts=Facts(address="127.0.0.1"), final_url=text, total=0.5,
    )  # fmt: skip
    probed = PLAIN._replace(why=text, success=False)

    shown = probe_text.debug(text, Module(written="prober: http\n"), outcome, probed, 5.0)

    log = shown.partition("\n\n\nMetrics that would have been returned:\n")[0]
    assert len(log.splitlines()) == 8
    assert "Probe failed" in log.splitlines()[-1]
