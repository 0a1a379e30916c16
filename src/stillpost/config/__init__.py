"""One TOML, one frozen Config, made of the rooms' own options; ``docs/config.md`` is generated from them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from stillpost.config.reader import ConfigError, read_table, unknown_key
from stillpost.doors.http.options import ServeOptions
from stillpost.doors.smtp.options import InboundOptions
from stillpost.helpdesks.audit_options import AuditOptions
from stillpost.helpdesks.products import PRODUCTS, Product
from stillpost.intake.limits import Limits
from stillpost.intake.portal import PortalOptions
from stillpost.mail.addresses import AddressError, parse
from stillpost.mailer import RelayOptions

_MAX_FILE_BYTES = 1_000_000


@final
@dataclass(frozen=True, slots=True)
class HelpdeskConfig:
    """``[portals.NAME.helpdesk]``: the product and its own options."""

    product: Product
    options: Any


@final
@dataclass(frozen=True, slots=True)
class AuditConfig:
    """``[portals.NAME.audit]``: the product that is audited, and how."""

    product: str
    options: AuditOptions


@final
@dataclass(frozen=True, slots=True)
class PortalConfig:
    """``[portals.NAME]``: the portal's options, its helpdesk, and its audit where one is to run."""

    options: PortalOptions
    helpdesk: HelpdeskConfig
    audit: AuditConfig | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything an operator sets. Without a file: the embedded default with one portal ``support``."""

    serve: ServeOptions = field(default=ServeOptions())
    relay: RelayOptions = field(default=RelayOptions())
    inbound: InboundOptions = field(default=InboundOptions())
    limits: Limits = field(default=Limits())
    portals: Mapping[str, PortalConfig]
    embedded: bool = False

    @property
    def state(self) -> Path:
        """The state folder."""
        return Path(self.serve.state)

    @property
    def secret_file(self) -> Path:
        """The secret file."""
        return Path(self.serve.secret_file) if self.serve.secret_file else self.state / "secrets.json"


SECTIONS: Mapping[str, type] = {
    "serve": ServeOptions,
    "relay": RelayOptions,
    "inbound": InboundOptions,
    "limits": Limits,
}


def embedded_default() -> Config:
    """One portal ``support``, tickets into a Maildir, challenges into another, everything below ``./var``."""
    return Config(portals={"support": PortalConfig(PortalOptions(), _helpdesk({}, ""))}, embedded=True)


def load_config(path: Path) -> Config:
    """Read a configuration file. Raises ConfigError with one line that says what to do."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES + 1)
        if len(raw) > _MAX_FILE_BYTES:
            message = f"{path}: larger than a megabyte; that is no configuration"
            raise ConfigError(message)
        return read_config(tomllib.loads(raw.decode()))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: must be UTF-8"
        raise ConfigError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: {error}"
        raise ConfigError(message) from error
    except ConfigError as error:
        message = f"{path}: {error}"
        raise ConfigError(message) from error


def read_config(tables: Mapping[str, Any]) -> Config:
    """The Config in parsed TOML. Raises ConfigError."""
    known = {*SECTIONS, "portals"}
    for key in tables:
        if key not in known:
            raise ConfigError(unknown_key("", key, dict.fromkeys(known)))
    sections: dict[str, Any] = {name: read_table(kind, tables.get(name, {}), name) for name, kind in SECTIONS.items()}
    portals = tables.get("portals", {})
    if not isinstance(portals, dict) or not portals:
        message = "portals: at least one [portals.NAME] is needed"
        raise ConfigError(message)
    config = Config(portals={name: _portal(name, table) for name, table in portals.items()}, **sections)
    _check(config)
    return config


def _portal(name: str, table: object) -> PortalConfig:
    where = f"portals.{name}"
    if not name.isascii() or not name.replace("-", "").isalnum() or name != name.lower() or len(name) > 40:
        message = f"{where}: a portal's name is made of a-z, 0-9 and hyphens, 40 at most"
        raise ConfigError(message)
    if not isinstance(table, dict):
        message = f"{where}: must be a table"
        raise ConfigError(message)
    rest = {key: value for key, value in table.items() if key not in ("helpdesk", "audit")}
    options = read_table(PortalOptions, rest, where)
    helpdesk = _helpdesk(table.get("helpdesk", {}), f"{where}.helpdesk")
    audit = _audit(table["audit"], helpdesk.product.name, f"{where}.audit") if "audit" in table else None
    return PortalConfig(options, helpdesk, audit)


def _audit(table: object, helpdesk: str, where: str) -> AuditConfig:
    if not isinstance(table, dict):
        message = f"{where}: must be a table"
        raise ConfigError(message)
    from stillpost.helpdesks.auditing import AUDITED  # the template parsers are loaded only where something is audited

    options = read_table(AuditOptions, table, where)
    known = [entry.name for entry in AUDITED]
    product = options.product or helpdesk
    if product not in known:
        message = f"{where}.product: {product!r} cannot be audited; one of {', '.join(known)}"
        raise ConfigError(message)
    if options.url and product != "zendesk":
        message = f"{where}.url: only Zendesk is read over its API; use from = for {product}"
        raise ConfigError(message)
    return AuditConfig(product, options)


def _helpdesk(table: object, where: str) -> HelpdeskConfig:
    if not isinstance(table, dict):
        message = f"{where}: must be a table"
        raise ConfigError(message)
    products = {product.name: product for product in PRODUCTS}
    name = table.get("product", "maildir")
    if name not in products:
        raise ConfigError(
            unknown_key(f"{where}.product", str(name), products).replace("unknown key", "unknown product")
        )
    rest = {key: value for key, value in table.items() if key != "product"}
    return HelpdeskConfig(products[name], read_table(products[name].options, rest, where))


def _check(config: Config) -> None:
    """What only the whole can tell."""
    for name, portal in config.portals.items():
        for problem in portal.options.limits.problems(config.limits):
            message = f"portals.{name}.{problem}"
            raise ConfigError(message)
        _check_address(portal.options.from_ or config.relay.from_, f"portals.{name}.from")
    _check_address(config.inbound.address, "inbound.address")
    if config.relay.envelope_from:
        _check_address(config.relay.envelope_from, "relay.envelope_from")


def _check_address(address: str, where: str) -> None:
    try:
        parse(address)
    except AddressError as error:
        message = f"{where} = {address!r}: {error}"
        raise ConfigError(message) from error
