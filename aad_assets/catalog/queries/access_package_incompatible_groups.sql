-- Who holds an access package although a group membership excludes it?
SELECT u.displayName AS who, p.displayName AS package, g.displayName AS incompatible_group
FROM aad.access_package_incompatible_groups i
JOIN aad.access_package_assignments a ON a.accessPackageId = i.accessPackageId AND a.state = 'delivered'
JOIN aad.group_members m ON m.groupId = i.groupId AND m.memberId = a.targetObjectId
JOIN aad.access_packages p ON p.id = i.accessPackageId
LEFT JOIN aad.groups g ON g.id = i.groupId
LEFT JOIN aad.users u ON u.id = a.targetObjectId
ORDER BY who, package;
