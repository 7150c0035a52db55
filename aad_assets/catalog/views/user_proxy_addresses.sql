WITH addresses AS (
    SELECT
        u._tenant_id, u.id, u.userPrincipalName, u.displayName, u.accountEnabled, u.mail, p,
        -- `SMTP:anna@contoso.com`; an X.500 address has colons of its own after the first.
        nullif(regexp_extract(p, '^([A-Za-z0-9]+):', 1), '') AS prefix
    FROM {schema}.users AS u, unnest(u.proxyAddresses) AS addresses(p)
    WHERE p IS NOT NULL
),
split AS (
    SELECT *, lower(prefix) AS protocol, CASE WHEN prefix IS NULL THEN p ELSE substr(p, length(prefix) + 2) END AS address
    FROM addresses
)
SELECT
    _tenant_id,
    id AS userId,
    p AS proxyAddress,
    protocol,
    address,
    CASE WHEN protocol IN ('smtp', 'sip') AND contains(address, '@') THEN lower(split_part(address, '@', -1)) END AS domain,
    prefix IS NOT NULL AND prefix = upper(prefix) AS isPrimary,
    userPrincipalName,
    displayName AS userDisplayName,
    accountEnabled,
    mail
FROM split
