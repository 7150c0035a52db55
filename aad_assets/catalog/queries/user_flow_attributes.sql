-- Which attributes can user flows ask for, the tenant's own first?
SELECT displayName, description, dataType, userFlowAttributeType AS kind, id
FROM aad.user_flow_attributes
ORDER BY kind = 'custom' DESC, displayName;
