"""The directory as a source: LDAP servers synchronised, and LDIF files."""
