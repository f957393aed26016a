"""The site's pages stand where their files stand in the repository, so that links work in both.

MkDocs runs these hooks (mkdocs.yml). Its own layout would have the pages of `docs` at the top, and no README.
"""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

# README.md is the front page; the others are linked.
_BESIDE_DOCS = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "deploy/**/*", ".dockerignore"),
    *("proxy_oa_assets/ranking/weights.toml", "proxy_oa_assets/ranking/lists/README.md"),
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Return the theme's files, and those of `docs` and beside it by their paths in the repository."""
    repository = Path(config.config_file_path).parent
    shown = [path for pattern in _BESIDE_DOCS for path in repository.glob(pattern) if path.is_file()]
    others = []
    for file in files:
        if file.src_dir == config.docs_dir and not file.inclusion.is_excluded():
            shown.append(Path(config.docs_dir, file.src_uri))
        else:
            others.append(file)
    for path in shown:
        name = path.relative_to(repository).as_posix()
        others.append(File(name, str(repository), config.site_dir, config.use_directory_urls))
    return Files(others)
