"""Settings of servers that authenticate users by Kerberos."""

from pathlib import Path

from cluster_servers.kdc import REALM, Kdc

# Hadoop looks into Java's own Kerberos.
OPENED = "--add-exports=java.security.jgss/sun.security.krb5=ALL-UNNAMED"


def kerberos_settings(kdc: Kdc) -> dict[str, str]:
    """Make the servers' principals; return the settings of an HDFS that requires tickets."""
    keytab = str(kdc.keytab("nn/localhost", "dn/localhost", "HTTP/localhost"))
    return {
        "hadoop.security.authentication": "kerberos",
        # The servers run in the name of the super-user.
        "hadoop.security.auth_to_local": "RULE:[2:$1](nn|dn)s/.*/spot/\nDEFAULT",
        "dfs.namenode.kerberos.principal": f"nn/localhost@{REALM}",
        "dfs.namenode.keytab.file": keytab,
        "dfs.datanode.kerberos.principal": f"dn/localhost@{REALM}",
        "dfs.datanode.keytab.file": keytab,
        "dfs.web.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
        "dfs.web.authentication.kerberos.keytab": keytab,
        # WebHDFS goes by these since Hadoop 3.3.
        "hadoop.http.authentication.type": "kerberos",
        "hadoop.http.authentication.kerberos.principal": f"HTTP/localhost@{REALM}",
        "hadoop.http.authentication.kerberos.keytab": keytab,
        "dfs.block.access.token.enable": "true",
        "dfs.data.transfer.protection": "authentication",
    }


def hive_settings(kdc: Kdc) -> dict[str, str]:
    """Make the server's principal; return the settings of a HiveServer2 that requires tickets."""
    return {
        "spark.hadoop.hadoop.security.authentication": "kerberos",
        "spark.hadoop.hive.server2.authentication": "KERBEROS",
        "spark.hadoop.hive.server2.authentication.kerberos.principal": f"hive/localhost@{REALM}",
        "spark.hadoop.hive.server2.authentication.kerberos.keytab": str(kdc.keytab("hive/localhost")),
        # Beside the options that the server has anyway.
        "spark.driver.defaultJavaOptions": " ".join(java_options(kdc.krb5_conf)),
    }


def hive_http_settings(kdc: Kdc) -> dict[str, str]:
    """Make its principals; return the settings of such a server over HTTP, where SPNEGO carries tickets."""
    return {
        **hive_settings(kdc),
        "spark.hadoop.hive.server2.transport.mode": "http",
        "spark.hadoop.hive.server2.authentication.spnego.principal": f"HTTP/localhost@{REALM}",
        "spark.hadoop.hive.server2.authentication.spnego.keytab": str(kdc.keytab("HTTP/localhost")),
    }


def java_options(krb5_conf: Path) -> list[str]:
    """Return the options with which Java finds the realm."""
    return [f"-Djava.security.krb5.conf={krb5_conf}", OPENED]
