from scripts.local.edge.configuration import Configuration, OriginGroup, OriginSettings
from tests.unit.edge.configurations import NAMESPACE, XML


def test_the_configuration_has_groups_shields_and_error_lifetimes() -> None:
    found = Configuration.of(XML)

    assert found.groups == {"both": OriginGroup(("variants", "renderer"), frozenset({403, 404}))}
    assert found.origins == {
        "variants": OriginSettings(3, "eu-west-1"),
        "renderer": OriginSettings(1, ""),
    }
    assert found.error_seconds == {403: 5, 404: 10, 503: 0}
    assert found.methods == {
        None: frozenset({"GET", "HEAD"}),
        "/api/*": frozenset({"GET", "HEAD", "OPTIONS"}),
    }


def test_without_namespace_it_is_the_same() -> None:
    assert Configuration.of(XML.replace(f' xmlns="{NAMESPACE}"', "")) == Configuration.of(XML)


def test_a_distribution_without_optional_elements_has_none() -> None:
    found = Configuration.of("<DistributionConfig><DefaultCacheBehavior/></DistributionConfig>")

    assert found == Configuration({}, {}, {}, {None: frozenset({"GET", "HEAD"})})
