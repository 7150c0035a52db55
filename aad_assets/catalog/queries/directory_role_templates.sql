-- Built-in roles that this tenant never activated: work that is done with a mightier role instead?
SELECT t.displayName, t.description
FROM aad.directory_role_templates t
ANTI JOIN aad.directory_roles r ON r.roleTemplateId = t.id
ORDER BY t.displayName;
