"""What `/metrics` shows, read as Prometheus reads it."""

from prometheus_client.parser import text_string_to_metric_families

from mo_gateway.gateway import Gateway
from mo_gateway.metrics import Metrics
from mo_gateway.scrape import Scrape, counters


def samples(text: str) -> dict[str, float]:
    """Give every sample by its name and labels, as `name{a="1",b="2"}`."""
    return {
        _written(sample.name, sample.labels): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(gateway: Gateway) -> dict[str, float]:
    """Give what a gateway shows at this moment."""
    return samples(Scrape(gateway.settings, gateway.engine, gateway.metrics, gateway.clock).text().decode())


def counted(metrics: Metrics, name: str) -> dict[str, float]:
    """Give the samples of one counter of a process that are not 0, by their labels."""
    found = {}
    for family in counters(metrics, None).collect():
        for sample in family.samples:
            if sample.name == name and sample.value:
                found[_written("", sample.labels)] = sample.value
    return found


def _written(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{label}="{labels[label]}"' for label in sorted(labels))
    return f"{name}{{{inner}}}" if labels else name
