-- Which other Microsoft clouds may this tenant work with, and how many partner tenants have settings of their own?
SELECT unnest(allowedCloudEndpoints) AS cloud, (SELECT count(*) FROM aad.cross_tenant_access_partners) AS partners
FROM aad.cross_tenant_access_policy;
