-- Which sign-in features are still in staged rollout?
SELECT displayName, feature, isEnabled, isAppliedToOrganization, description
FROM aad.feature_rollout_policies
WHERE NOT isAppliedToOrganization
ORDER BY isEnabled DESC, displayName;
