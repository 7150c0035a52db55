-- May external users sign up through self-service, and how many guests have?
SELECT selfServiceSignUp.isEnabled AS self_service,
       (SELECT count(*) FROM aad.users WHERE creationType = 'SelfServiceSignUp') AS signed_up_by_themselves
FROM aad.authentication_flows_policy;
