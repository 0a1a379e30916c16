"""One TOML, one frozen Config, made of the rooms' own options; ``docs/config.md`` is generated from them."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from stillpost.config.reader import ConfigError, read_table, unknown_key
from stillpost.doors.http.options import ServeOptions, split_listen
from stillpost.doors.milter.options import MilterOptions, Role
from stillpost.doors.smtp.options import InboundOptions
from stillpost.helpdesks.audit_options import AuditOptions
from stillpost.helpdesks.automatic_mail import INTAKES, OnMark
from stillpost.helpdesks.products import PRODUCTS, Product
from stillpost.intake.limits import Limits
from stillpost.intake.portal import PortalOptions
from stillpost.mail.addresses import AddressError, parse
from stillpost.mailer import RelayOptions
from stillpost.reception.inbound import Unproven

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
    milters: Mapping[str, MilterOptions] = field(default_factory=dict)
    embedded: bool = False

    @property
    def state(self) -> Path:
        """The state folder."""
        return Path(self.serve.state)

    @property
    def secret_file(self) -> Path:
        """The secret file."""
        return Path(self.serve.secret_file) if self.serve.secret_file else self.state / "secrets.json"

    def portal_of(self, milter: str) -> str:
        """The name of the portal a milter belongs to."""
        return self.milters[milter].portal or next(iter(self.portals))

    def product_of(self, milter: str) -> str:
        """The product behind a milter, as the tables of automatic mail name it; empty where they do not know it."""
        helpdesk = self.portals[self.portal_of(milter)].helpdesk
        named = self.milters[milter].product or getattr(helpdesk.options, "behind", "") or helpdesk.product.name
        return named if named in INTAKES else ""

    def is_silent(self, milter: str) -> bool:
        """Whether the product behind a milter was measured to take marked mail without an answer."""
        product = self.product_of(milter)
        return bool(product) and INTAKES[product].on_mark is OnMark.SILENT


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
            message = "larger than a megabyte; that is no configuration"
            raise ConfigError(message)
        return read_config(tomllib.loads(raw.decode()))
    except OSError as error:
        message = f"{path}: cannot be read: {error.strerror}"
        raise ConfigError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path}: must be UTF-8"
        raise ConfigError(message) from error
    except RecursionError as error:
        message = f"{path}: nested too deeply"
        raise ConfigError(message) from error
    except tomllib.TOMLDecodeError as error:
        message = f"{path}: {error}"
        raise ConfigError(message) from error
    except ConfigError as error:
        message = f"{path}: {error}"
        raise ConfigError(message) from error


def read_config(tables: Mapping[str, Any]) -> Config:
    """The Config in parsed TOML. Raises ConfigError."""
    known = {*SECTIONS, "portals", "milters"}
    for key in tables:
        if key not in known:
            raise ConfigError(unknown_key("", key, dict.fromkeys(known)))
    for name in SECTIONS:
        if not isinstance(tables.get(name, {}), dict):
            message = f"{name}: must be a table, [{name}]"
            raise ConfigError(message)
    sections: dict[str, Any] = {name: read_table(kind, tables.get(name, {}), name) for name, kind in SECTIONS.items()}
    portals = tables.get("portals", {})
    if not isinstance(portals, dict) or not portals:
        message = "portals: at least one [portals.NAME] is needed"
        raise ConfigError(message)
    config = Config(
        portals={name: _portal(name, table) for name, table in portals.items()},
        milters=_milters(tables.get("milters", {})),
        **sections,
    )
    _check(config)
    return config


def _portal(name: str, table: object) -> PortalConfig:
    where = f"portals.{name}"
    _check_name(name, where)
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


def _check_name(name: str, where: str) -> None:
    if not name.isascii() or not name.replace("-", "").isalnum() or name != name.lower() or len(name) > 40:
        message = f"{where}: a name is made of a-z, 0-9 and hyphens, 40 at most"
        raise ConfigError(message)


def _milters(tables: object) -> dict[str, MilterOptions]:
    if not isinstance(tables, dict):
        message = "milters: must hold tables, [milters.NAME]"
        raise ConfigError(message)
    made = {}
    for name, table in tables.items():
        where = f"milters.{name}"
        _check_name(name, where)
        if not isinstance(table, dict):
            message = f"{where}: must be a table"
            raise ConfigError(message)
        made[name] = read_table(MilterOptions, table, where)
    return made


def _helpdesk(table: object, where: str) -> HelpdeskConfig:
    if not isinstance(table, dict):
        message = f"{where}: must be a table"
        raise ConfigError(message)
    products = {product.name: product for product in PRODUCTS}
    name = str(table.get("product", "maildir"))
    if name not in products:
        raise ConfigError(unknown_key(f"{where}.product", name, products).replace("unknown key", "unknown product"))
    rest = {key: value for key, value in table.items() if key != "product"}
    return HelpdeskConfig(products[name], read_table(products[name].options, rest, where))


def _check(config: Config) -> None:
    """What only the whole can tell."""
    for name, portal in config.portals.items():
        for problem in portal.options.limits.problems(config.limits):
            message = f"portals.{name}.{problem}"
            raise ConfigError(message)
        if portal.options.from_:
            _check_address(portal.options.from_, f"portals.{name}.from")
    _check_milters(config)
    _check_address(config.relay.from_, "relay.from")
    _check_address(config.inbound.address, "inbound.address")
    if config.inbound.listen and split_listen(config.inbound.listen) is None:
        message = f"inbound.listen = {config.inbound.listen!r} must be host:port, or empty for no listener"
        raise ConfigError(message)
    if config.relay.envelope_from:
        _check_address(config.relay.envelope_from, "relay.envelope_from")


def _check_milters(config: Config) -> None:
    for name, options in config.milters.items():
        where = f"milters.{name}"
        if options.portal and options.portal not in config.portals:
            raise ConfigError(
                unknown_key(where, options.portal, config.portals).replace("unknown key", "unknown portal")
            )
        if not options.portal and len(config.portals) > 1:
            message = f"{where}.portal: say which one, there are {len(config.portals)}: {', '.join(config.portals)}"
            raise ConfigError(message)
        if options.product and options.product not in INTAKES:
            raise ConfigError(unknown_key(where, options.product, INTAKES).replace("unknown key", "unknown product"))
        if options.role is Role.PORTAL_IN and options.unproven is Unproven.QUIET and not config.is_silent(name):
            message = (
                f"{where}.unproven = 'quiet': no measurement says that this helpdesk takes marked mail without an answer; "
                'write "unmeasured" to do it all the same, or "hold" or "challenge"'
            )
            raise ConfigError(message)
        for address in options.addresses if options.role is not Role.RECIPIENT else ():
            _check_address(address, f"{where}.addresses")


def _check_address(address: str, where: str) -> None:
    try:
        parse(address)
    except AddressError as error:
        message = f"{where} = {address!r}: {error}"
        raise ConfigError(message) from error
