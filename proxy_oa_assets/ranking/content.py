"""The SQL of what a request delivers: programs, applets, documents and the like, by type and by name."""

# Content that can run, or carries what can: media types, and the names that fit them.
KINDS: dict[str, tuple[str, str]] = {
    "program": (
        """application/x-dosexec application/x-msdownload application/x-msdos-program
        application/x-executable application/vnd.microsoft.portable-executable application/x-ms-installer
        application/x-msi application/exe application/hta text/vbscript application/x-powershell
        application/x-sh""",
        "exe msi dll scr cab hta vbs msu msp ps1 bat cmd pif",
    ),
    "applet": (
        """application/java-archive application/x-java-archive application/java application/x-java-applet
        application/x-java-vm""",
        "jar class",
    ),
    "silverlight": ("application/x-silverlight-app", "xap"),
    "flash": ("application/x-shockwave-flash", "swf"),
    "document": (
        "application/pdf application/msword application/vnd.ms-excel application/rtf",
        "pdf doc xls rtf dot xlsm docm",
    ),
    "archive": (
        """application/zip application/x-zip-compressed application/x-rar application/x-rar-compressed
        application/x-7z-compressed application/vnd.ms-cab-compressed application/gzip application/x-gzip""",
        "zip rar 7z cab gz tgz xap jar docx xlsx crx xpi apk msu",
    ),
    # Fits any name.
    "download": (
        """application/octet-stream octet/stream binary/octet-stream application/x-download
        application/force-download""",
        "",
    ),
}
# Of these, a name is as good as a type where the log has none.
_BY_NAME = ("program", "applet")


def _list(words: str) -> str:
    return "[" + ", ".join(f"'{word}'" for word in words.split()) + "]"


def kind() -> str:
    """Return the SQL of the kind of content, NULL of other."""
    typed = " ".join(f"WHEN media IN {_list(types)} THEN '{kind}'" for kind, (types, _) in KINDS.items())
    named = " ".join(f"WHEN extension IN {_list(KINDS[kind][1])} THEN '{kind}'" for kind in _BY_NAME)
    by_name = f"CASE WHEN coalesce(respcode, '200') IN ('200', '206', '-', '') THEN CASE {named} END END"
    return f"CASE WHEN media IS NULL THEN {by_name} {typed} END"


def fits() -> str:
    """Return the SQL of whether a name says what the content is."""
    kinds = " ".join(
        f"WHEN '{kind}' THEN extension IN {_list(names)}" for kind, (_, names) in KINDS.items() if names
    )
    return f"CASE kind {kinds} ELSE TRUE END"
