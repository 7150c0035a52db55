-- How often do lifecycle workflows run, from which domain do their e-mails come, and is it verified?
SELECT s.workflowScheduleIntervalInHours AS every_hours, s.emailSettings.senderDomain AS sender_domain,
       d.isVerified AS domain_is_verified, s.emailSettings.useCompanyBranding AS branded
FROM aad.lifecycle_settings s
LEFT JOIN aad.domains d ON d.id = s.emailSettings.senderDomain;
