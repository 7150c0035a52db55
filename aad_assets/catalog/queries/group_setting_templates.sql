-- Which group settings differ from Microsoft's defaults?
SELECT t.displayName AS template, preset.name, preset.defaultValue, setting.value
FROM aad.group_setting_templates t, unnest(t.values) AS d(preset)
JOIN aad.group_settings s ON s.templateId = t.id, unnest(s.values) AS v(setting)
WHERE setting.name = preset.name AND setting.value IS DISTINCT FROM preset.defaultValue
ORDER BY template, preset.name;
