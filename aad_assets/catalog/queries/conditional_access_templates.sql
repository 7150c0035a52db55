-- Which of Microsoft's recommended policies has this tenant not created from the template?
SELECT t.name, t.scenarios, t.details.grantControls.builtInControls AS asks_for, t.description
FROM aad.conditional_access_templates t
ANTI JOIN aad.conditional_access_policies p ON p.templateId = t.id
ORDER BY t.name;
