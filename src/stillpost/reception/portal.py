"""A portal in service: its options, its policy, its helpdesk."""

from dataclasses import dataclass
from typing import final
from urllib.parse import urlsplit

from stillpost.engine.policy import Policy
from stillpost.helpdesks.protocol import Helpdesk
from stillpost.intake.portal import PortalOptions
from stillpost.intake.proof import Asking


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """``from_address`` is what challenges come from; ``prove_address`` takes mail-first proofs (``prove@…``)."""

    name: str
    options: PortalOptions
    policy: Policy
    from_address: str
    prove_address: str
    helpdesk: Helpdesk

    @property
    def host(self) -> str:
        """The host people reach us at, as in ``base_url``."""
        return urlsplit(self.options.base_url).netloc

    @property
    def proof_base(self) -> str:
        """What every link of this portal starts with; never anything a request claims."""
        return self.options.base_url.rstrip("/")

    def asking(self, *, braked: bool) -> Asking:
        """How it asks for proof just now."""
        return Asking(
            proof=self.options.proof,
            proof_of_work=self.options.proof_of_work,
            mode=self.options.mode,
            threshold=self.policy.challenge,
            braked=braked,
        )

    def prove_with(self, code: str) -> str:
        """The address to which the person sends the first mail: ``prove+CODE@…``."""
        local, _, domain = self.prove_address.rpartition("@")
        return f"{local}+{code}@{domain}"
