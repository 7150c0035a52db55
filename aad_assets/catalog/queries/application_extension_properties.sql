-- Which directory extensions do applications define for users, and which are filled from on premises?
SELECT appDisplayName AS app, name, dataType, isMultiValued, isSyncedFromOnPremises AS from_on_premises
FROM aad.application_extension_properties
WHERE list_contains(targetObjects, 'User')
ORDER BY from_on_premises DESC, app, name;
