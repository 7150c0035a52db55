-- Which policies redirect users to a federated sign-in, for which domain, and is the domain still federated?
SELECT p.displayName, p.isOrganizationDefault, text ->> '$.HomeRealmDiscoveryPolicy.PreferredDomain' AS domain,
       d.authenticationType
FROM aad.home_realm_discovery_policies p, unnest(p.definition) AS t(text)
LEFT JOIN aad.domains d ON d.id = (text ->> '$.HomeRealmDiscoveryPolicy.PreferredDomain');
