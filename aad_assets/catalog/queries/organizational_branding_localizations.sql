-- In which languages does the sign-in page differ from the default, and do its links lead elsewhere?
SELECT l.id AS language, l.signInPageText, l.customTermsOfUseUrl, l.customPrivacyAndCookiesUrl,
       l.customTermsOfUseUrl IS DISTINCT FROM b.customTermsOfUseUrl AS other_terms
FROM aad.organizational_branding_localizations l
LEFT JOIN aad.organizational_branding b ON true
WHERE l.id <> '0'
ORDER BY language;
