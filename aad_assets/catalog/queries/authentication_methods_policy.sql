-- Who does the registration campaign ask to set up a stronger method, and may they postpone it?
SELECT registrationEnforcement.authenticationMethodsRegistrationCampaign.state AS campaign,
       registrationEnforcement.authenticationMethodsRegistrationCampaign.snoozeDurationInDays AS days_to_snooze,
       target.targetType, coalesce(g.displayName, target.id) AS target, target.targetedAuthenticationMethod AS method
FROM aad.authentication_methods_policy,
     unnest(registrationEnforcement.authenticationMethodsRegistrationCampaign.includeTargets) AS t(target)
LEFT JOIN aad.groups g ON g.id = target.id;
