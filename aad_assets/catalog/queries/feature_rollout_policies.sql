-- Features of sign-in that are still tried out with some groups: half-finished migrations.
SELECT displayName, feature, isEnabled, isAppliedToOrganization, description
FROM aad.feature_rollout_policies
WHERE NOT isAppliedToOrganization
ORDER BY isEnabled DESC, displayName;
