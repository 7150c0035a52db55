-- Columns that applications added to the directory's objects: which come from Active Directory?
SELECT unnest(targetObjects) AS object, name, dataType, isMultiValued, appDisplayName, isSyncedFromOnPremises
FROM aad.extension_properties
ORDER BY object, name;
