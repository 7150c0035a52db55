-- With which identity providers can guests sign in, and how many guests use each?
SELECT p.displayName, p.odataType, count(DISTINCT u.id) AS guests
FROM aad.identity_providers p
LEFT JOIN (SELECT id, unnest(identities) AS identity FROM aad.users WHERE userType = 'Guest') u
  ON contains(lower(u.identity.issuer), lower(p.identityProviderType))
GROUP BY ALL
ORDER BY guests DESC;
