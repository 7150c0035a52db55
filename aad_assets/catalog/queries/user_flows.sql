-- Which user flows let guests sign up, and do they call an API before they create the account?
SELECT id, userFlowType, userFlowTypeVersion,
       apiConnectorConfiguration -> '$.postFederationSignup' AS after_sign_in,
       apiConnectorConfiguration -> '$.postAttributeCollection' AS before_creation
FROM aad.user_flows
ORDER BY id;
