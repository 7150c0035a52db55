-- Which columns have applications added to directory objects, and are they synchronized from Active Directory?
SELECT unnest(targetObjects) AS object, name, dataType, isMultiValued, appDisplayName, isSyncedFromOnPremises
FROM aad.extension_properties
ORDER BY object, name;
