#!/usr/bin/env python3
"""Relative links lead somewhere, and the address of the project is filled in everywhere or nowhere.

Run from anywhere: python3 tools/check_publish.py. What the publisher fills in: CONTRIBUTING.md.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parent.parent
# Written by hand for readers; rustdoc checks the links of src/.
PAGES = [page for page in ROOT.rglob("*.md") if not {"target", "src"} & set(page.relative_to(ROOT).parts)]

LINK = re.compile(r'\]\(\s*<?([^)\s>]+)|^ *\[[^\]]+\]:\s+(\S+)|(?:src|srcset|href)="([^"\s]+)', re.M)
# A picture, and what a link around it leads to.
BADGE = re.compile(r'!\[[^\]]*\]\(\s*([^)\s]+)[^)]*\)(?:\]\(\s*([^)\s]+))?|<img[^>]*src="([^"]+)')
CHANGES = re.compile(r"https?://[^\s)>]+/(?:compare|releases|tags?|commits?)/[^\s)>]*")
PROJECT = re.compile(r'https?://[\w.-]+/(?:[\w.-]+/)*tinynmf\b[^\s)>"]*')
# Pages of the crate, which are its own whoever owns the repository, and badges with a fixed text.
CRATE = re.compile(
    r"https://(?:crates\.io/crates/tinynmf|docs\.rs/tinynmf"
    r"|img\.shields\.io/(?:crates/\w+/tinynmf|docsrs/tinynmf|badge/))"
)
PLACEHOLDER = re.compile(
    r"\bexample\.(?:com|org|net)\b|\b(?:TODO|FIXME|TBD|XXX|CHANGEME)\b"
    r"|\b(?:USER|OWNER|ORG|NAME)/(?:REPO|tinynmf)\b"
    r"|<(?:user|owner|org|repo|url|address)>|\byour-?(?:user|name|org)\b",
    re.I,
)


def prose(page):
    """The text without code."""
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^( *)(```+|~~~+).*?^\1?\2", "", text, flags=re.M | re.S)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", text)


def name(page):
    return page.relative_to(ROOT).as_posix()


def anchors(page):
    """The fragments of the headings, as forges make them."""
    titles = re.findall(r"^#{1,6} +(.+?) *$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def broken_links():
    for page in PAGES:
        for target in (next(filter(None, groups)) for groups in LINK.findall(prose(page))):
            if re.match(r"[a-z][a-z+.-]*:", target):
                continue
            path, _, fragment = unquote(target).partition("#")
            to = (page.parent / path).resolve() if path else page
            if not to.exists() or not to.is_relative_to(ROOT) or "target" in to.relative_to(ROOT).parts:
                yield f"{name(page)}: no such file: {target}"
            elif fragment and to.suffix == ".md" and fragment not in anchors(to):
                yield f"{name(page)}: no such heading: {target}"


def addresses(texts):
    """What names the address of the project: badges, links to changes, and whatever is called tinynmf."""
    for page, text in texts.items():
        found = CHANGES.findall(text) if page == "CHANGELOG.md" else []
        if page == "README.md":
            found += [url for urls in BADGE.findall(text) for url in urls if url.startswith("http")]
        found += [url for url in PROJECT.findall(text) if not CRATE.match(url)]
        yield from ((page, url) for url in dict.fromkeys(found))


def half_filled(package):
    pages = [*PAGES, *ROOT.glob("src/**/*.md"), ROOT / "Cargo.toml"]
    texts = {name(page): page.read_text(encoding="utf-8") for page in pages}
    for page, text in texts.items():
        for found in PLACEHOLDER.finditer(text):
            yield f"{page}: placeholder: {found[0]}"
    for key in ("repository", "homepage", "documentation"):
        if package[key] is not None and not re.fullmatch(r"https://[\w.-]+\.\w+(/[^\s/]+)*/?", package[key]):
            yield f"Cargo.toml: {key} is no https address: {package[key]}"

    if package["repository"] is None:
        for key in ("homepage", "documentation"):
            if package[key] is not None:
                yield f"Cargo.toml: {key} is set, repository is not"
        for page, url in addresses(texts):
            yield f"{page}: an address, but Cargo.toml has no repository: {url}"
        return

    repository = package["repository"].rstrip("/").removesuffix(".git")
    path = re.escape("/".join(repository.split("/")[3:]))
    shield = rf"https://img\.shields\.io/[^?#]*/{path}"
    own = re.compile(rf"(?:{re.escape(repository)}(?:\.git)?|{shield})(?![\w.-])")
    filled = set()
    for page, url in addresses(texts):
        if own.match(url):
            filled.add(page)
        elif not CRATE.match(url):
            yield f"{page}: another address than {repository}: {url}"
    for page in ("README.md", "CHANGELOG.md"):
        if page not in filled:
            yield f"{page}: {repository} is not filled in"


def manifest():
    command = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    metadata = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return next(package for package in metadata["packages"] if package["name"] == "tinynmf")


def main():
    faults = [*broken_links(), *half_filled(manifest())]
    for fault in faults:
        print(f"check_publish: {fault}", file=sys.stderr)
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
