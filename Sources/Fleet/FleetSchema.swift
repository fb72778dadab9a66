public import Store

extension FleetRegistry {
  public nonisolated static let migrations = [
    Migration(
      "fleet-1",
      """
      CREATE TABLE fleet (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE);
      CREATE TABLE machine (
        id TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id), hostname TEXT NOT NULL COLLATE NOCASE,
        display_name TEXT NOT NULL, platform TEXT NOT NULL, version TEXT NOT NULL DEFAULT '',
        public_key TEXT NOT NULL, credential TEXT NOT NULL UNIQUE,
        enrolled_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL DEFAULT 0,
        UNIQUE (fleet, hostname), UNIQUE (fleet, public_key));
      CREATE TABLE join_key (secret TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id));
      CREATE TABLE token (
        secret TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id), subject TEXT NOT NULL, role TEXT NOT NULL);
      """),
    Migration(
      "fleet-2",
      """
      ALTER TABLE fleet ADD COLUMN grace_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN background_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN idle_ttl_seconds INTEGER;
      ALTER TABLE fleet ADD COLUMN records INTEGER;
      """),
    // People, doors and the trail. Machines prove who they are by their key: their bearer credentials are gone.
    Migration(
      "fleet-3",
      """
      CREATE TABLE machine_3 (
        id TEXT PRIMARY KEY, fleet TEXT NOT NULL REFERENCES fleet(id), hostname TEXT NOT NULL COLLATE NOCASE,
        display_name TEXT NOT NULL, platform TEXT NOT NULL, version TEXT NOT NULL DEFAULT '',
        public_key TEXT NOT NULL, enrolled_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL DEFAULT 0,
        UNIQUE (fleet, hostname), UNIQUE (fleet, public_key));
      INSERT INTO machine_3 SELECT id, fleet, hostname, display_name, platform, version, public_key, enrolled_at,
        last_seen_at FROM machine;
      DROP TABLE machine;
      ALTER TABLE machine_3 RENAME TO machine;
      CREATE TABLE join_key_3 (
        id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL REFERENCES fleet(id),
        label TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER, uses_left INTEGER,
        uses INTEGER NOT NULL DEFAULT 0, revoked_at INTEGER);
      INSERT INTO join_key_3 (id, secret, fleet, label, created_at) SELECT
        lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-a'
          || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6))), secret, fleet, 'relay', 0 FROM join_key;
      DROP TABLE join_key;
      ALTER TABLE join_key_3 RENAME TO join_key;
      CREATE TABLE account (
        id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE COLLATE NOCASE, password TEXT NOT NULL,
        created_at INTEGER NOT NULL, password_at INTEGER NOT NULL);
      CREATE TABLE member (
        fleet TEXT NOT NULL REFERENCES fleet(id), account TEXT NOT NULL REFERENCES account(id), role TEXT NOT NULL,
        since INTEGER NOT NULL, PRIMARY KEY (fleet, account));
      CREATE TABLE invitation (
        id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL REFERENCES fleet(id), role TEXT NOT NULL,
        note TEXT NOT NULL, invited_by TEXT NOT NULL, inviter TEXT NOT NULL, created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
      CREATE TABLE login (
        id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id), fleet TEXT NOT NULL, client TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, ended_at INTEGER);
      CREATE TABLE refresh (
        secret TEXT PRIMARY KEY, login TEXT NOT NULL REFERENCES login(id) ON DELETE CASCADE, used_at INTEGER);
      CREATE INDEX refresh_login ON refresh (login);
      CREATE TABLE api_key (
        id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL REFERENCES fleet(id),
        account TEXT NOT NULL REFERENCES account(id), label TEXT NOT NULL, scopes TEXT NOT NULL,
        created_at INTEGER NOT NULL, expires_at INTEGER, used_at INTEGER NOT NULL DEFAULT 0, revoked_at INTEGER);
      CREATE TABLE share (
        id TEXT PRIMARY KEY, secret TEXT NOT NULL UNIQUE, fleet TEXT NOT NULL REFERENCES fleet(id),
        machine TEXT NOT NULL, session TEXT NOT NULL, read_only INTEGER NOT NULL, label TEXT NOT NULL,
        created_by TEXT NOT NULL, created_by_name TEXT NOT NULL, created_with TEXT NOT NULL, created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL, max_viewers INTEGER, max_uses INTEGER, uses INTEGER NOT NULL DEFAULT 0,
        revoked_at INTEGER);
      CREATE TABLE audit (
        fleet TEXT NOT NULL, number INTEGER NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL,
        object TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, address TEXT NOT NULL, hash TEXT NOT NULL,
        PRIMARY KEY (fleet, number)) WITHOUT ROWID;
      CREATE TRIGGER audit_is_kept BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
      CREATE TRIGGER audit_stays BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
      CREATE TABLE audit_head (
        fleet TEXT PRIMARY KEY, number INTEGER NOT NULL, hash TEXT NOT NULL, signature TEXT NOT NULL);
      CREATE TABLE epoch (number INTEGER NOT NULL);
      INSERT INTO epoch VALUES (1);
      """),
  ]
}
