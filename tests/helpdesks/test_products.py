"""The list of products is complete, explained, and documented."""

from dataclasses import fields
from pathlib import Path

import pytest

from stillpost.helpdesks.automatic_mail import INTAKES
from stillpost.helpdesks.products import PRODUCTS, Product

ROOT = Path(__file__).parents[2]
each = pytest.mark.parametrize("product", PRODUCTS, ids=lambda product: product.name)


def test_names_and_doors_are_unique() -> None:
    names = [product.name for product in PRODUCTS]
    doors = [door.id for product in PRODUCTS for door in product.other_doors]
    assert len(set(names)) == len(names)
    assert len(set(doors)) == len(doors)


@each
def test_every_option_says_what_it_is_for(product: Product) -> None:
    assert all(field.metadata.get("help") for field in fields(product.options))


@each
def test_secrets_are_named_by_file(product: Product) -> None:
    secret = {"password", "token", "secret", "key", "client_secret", "api_key"}
    assert not secret & {field.name for field in fields(product.options)}


@each
def test_every_door_is_named_after_its_product_and_says_how_to_close_it(product: Product) -> None:
    assert product.other_doors
    for door in product.other_doors:
        assert door.id.startswith(f"{product.name}-")
        assert door.what.endswith(".")
        assert door.how.endswith(".")


@each
def test_the_page_of_a_product_opens_with_closing_every_other_door(product: Product) -> None:
    page = (ROOT / "docs/helpdesks" / f"{product.name}.md").read_text(encoding="utf-8")
    _, first, rest = page.split("\n## ", 2)
    assert first.startswith("Close the other doors\n")
    plain = " ".join(first.split())
    for door in product.other_doors:
        assert f"**{door.id}**" in plain
        assert " ".join(door.what.split()) in plain
        assert " ".join(door.how.split()) in plain
    for title in ("Set up", "Once", "Quiet", "Quirks", "Untested"):
        assert f"\n## {title}\n" in f"\n## {rest}"
    assert product.once in " ".join(rest.split())
    assert product.quiet in " ".join(rest.split())


@each
def test_the_page_of_a_product_explains_every_option(product: Product) -> None:
    page = " ".join((ROOT / "docs/helpdesks" / f"{product.name}.md").read_text(encoding="utf-8").split())
    for field in fields(product.options):
        assert f"`{field.name}`" in page, field.name
        assert " ".join(field.metadata["help"].split()) in page, field.name


def test_the_page_about_mail_shows_the_whole_table() -> None:
    page = (ROOT / "docs/helpdesks/smtp.md").read_text(encoding="utf-8")
    for name, intake in INTAKES.items():
        honors = "From or Reply-To" if intake.answers_reply_to else "From"
        assert f"| `{name}` | {intake.title} | {intake.on_mark.value} | {honors} | {intake.basis} |" in page
