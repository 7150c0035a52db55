-- Which custom security attributes accept free text, where a typing error could change access?
SELECT d.attributeSet, s.description AS set_description, d.name, d.type, d.isCollection, d.status
FROM aad.custom_security_attribute_definitions d
LEFT JOIN aad.custom_security_attribute_sets s ON s.id = d.attributeSet
WHERE d.type = 'String' AND NOT d.usePreDefinedValuesOnly
ORDER BY d.attributeSet, d.name;
