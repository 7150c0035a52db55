-- Who may create Microsoft 365 groups, may guests join, and which words are blocked in their names?
SELECT s.displayName AS settings, setting.name, coalesce(g.displayName, setting.value) AS value
FROM aad.group_settings s, unnest(s.values) AS t(setting)
LEFT JOIN aad.groups g ON g.id = setting.value
WHERE setting.name IN ('EnableGroupCreation', 'GroupCreationAllowedGroupId', 'AllowToAddGuests',
                       'AllowGuestsToAccessGroups', 'CustomBlockedWordsList', 'PrefixSuffixNamingRequirement')
ORDER BY settings, setting.name;
