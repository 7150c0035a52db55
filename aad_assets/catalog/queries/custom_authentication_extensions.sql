-- Which endpoints are called during sign-in, with which identity, and how long does sign-in wait for them?
SELECT displayName, odataType AS type, endpointConfiguration ->> '$.targetUrl' AS url,
       authenticationConfiguration ->> '$.resourceId' AS resource,
       clientConfiguration.timeoutInMilliseconds AS timeout_ms, clientConfiguration.maximumRetries AS retries,
       [claim.claimIdInApiResponse FOR claim IN claimsForTokenConfiguration] AS claims
FROM aad.custom_authentication_extensions
ORDER BY displayName;
