-- Where do the links on the sign-in page lead, and which texts does it show?
SELECT signInPageText, usernameHintText, customPrivacyAndCookiesUrl, customTermsOfUseUrl,
       customAccountResetCredentialsUrl, customCannotAccessYourAccountUrl,
       loginPageTextVisibilitySettings.hideForgotMyPassword AS hides_forgotten_password
FROM aad.organizational_branding;
