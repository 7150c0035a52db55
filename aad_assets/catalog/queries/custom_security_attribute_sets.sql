-- How full is each attribute set, and how many of its attributes are deactivated?
SELECT s.id, s.maxAttributesPerSet, count(d.id) AS attributes, count(d.id) FILTER (d.status = 'Deprecated') AS deprecated
FROM aad.custom_security_attribute_sets s
LEFT JOIN aad.custom_security_attribute_definitions d ON d.attributeSet = s.id
GROUP BY ALL
ORDER BY s.id;
