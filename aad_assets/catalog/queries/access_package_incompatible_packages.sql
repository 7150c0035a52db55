-- Who holds two access packages that nobody may hold together?
SELECT u.displayName AS who, p.displayName AS package, q.displayName AS incompatible_package
FROM aad.access_package_incompatible_packages i
JOIN aad.access_package_assignments a ON a.accessPackageId = i.accessPackageId AND a.state = 'delivered'
JOIN aad.access_package_assignments b ON b.accessPackageId = i.incompatibleAccessPackageId AND b.state = 'delivered'
JOIN aad.access_packages p ON p.id = i.accessPackageId
JOIN aad.access_packages q ON q.id = i.incompatibleAccessPackageId
LEFT JOIN aad.users u ON u.id = a.targetObjectId
WHERE a.targetObjectId = b.targetObjectId
ORDER BY who, package;
