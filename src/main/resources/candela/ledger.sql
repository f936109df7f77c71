CREATE TABLE meta (key VARCHAR PRIMARY KEY, value VARCHAR);
-- how results came about: no results themselves
CREATE TABLE run (run INTEGER PRIMARY KEY, started TIMESTAMP, candela VARCHAR, device VARCHAR, threads INTEGER, batch INTEGER, jobs INTEGER, java VARCHAR, system VARCHAR, study VARCHAR);
CREATE TABLE timing (model VARCHAR, image VARCHAR, run INTEGER, seconds DOUBLE);
-- what is studied
-- more: the preprocessing of a model; the class and boxes of an image
CREATE TABLE model (name VARCHAR PRIMARY KEY, sha256 VARCHAR, file VARCHAR, more VARCHAR);
CREATE TABLE image (name VARCHAR PRIMARY KEY, sha256 VARCHAR, file VARCHAR, more VARCHAR);
CREATE TABLE method (method INTEGER PRIMARY KEY, name VARCHAR, parameters VARCHAR);
CREATE TABLE sweep (sweep VARCHAR, number INTEGER, place INTEGER, label VARCHAR, method INTEGER, baseline BOOLEAN);
CREATE TABLE metric (metric VARCHAR PRIMARY KEY, text VARCHAR, better VARCHAR);
-- methods that have no meaning for a model, and no results
CREATE TABLE left_out (model VARCHAR, method INTEGER, reason VARCHAR);
-- results: a unit is a model and an image
CREATE TABLE unit (model VARCHAR, image VARCHAR, target INTEGER, target_name VARCHAR, predicted INTEGER, predicted_name VARCHAR, probability DOUBLE, rows BIGINT, view BLOB, PRIMARY KEY (model, image));
-- of the maps at places a and b of a sweep
CREATE TABLE similarity (model VARCHAR, image VARCHAR, sweep VARCHAR, a INTEGER, b INTEGER, measure VARCHAR, value DOUBLE);
-- part '' is the value, others are further numbers of the metric; reason: why the value is NaN, else ''
CREATE TABLE score (model VARCHAR, image VARCHAR, method INTEGER, metric VARCHAR, part VARCHAR, value DOUBLE, reason VARCHAR);
-- maps for the eye: levels are signed bytes, 127 of them the limit
CREATE TABLE seen (model VARCHAR, image VARCHAR, method INTEGER, h INTEGER, w INTEGER, signed BOOLEAN, bound DOUBLE, levels BLOB);
-- views: without counts values that are no number (NaN); means are over the others, and NULL where there is none
-- mean and variance over the pairs of a sweep; NULL where one of its similarities is no number, the variance of one pair, too
CREATE VIEW sensitivity_by_image AS
  SELECT model, image, sweep, measure, CASE WHEN without = 0 THEN mean END AS mean,
    CASE WHEN without = 0 AND pairs > 1 THEN variance END AS variance, pairs, without
  FROM (
    SELECT model, image, sweep, measure, avg(value ORDER BY a, b) FILTER (NOT isnan(value)) AS mean,
      list_aggregate(list(value ORDER BY a, b) FILTER (NOT isnan(value)), 'var_pop') AS variance,
      count(*) FILTER (NOT isnan(value)) AS pairs, count(*) FILTER (isnan(value)) AS without
    FROM similarity GROUP BY ALL);
-- SAM: the mean over images of the images' means; the root of the mean of the images' variances; how many pairs have a number
CREATE VIEW sensitivity AS
  SELECT model, sweep, measure, avg(mean ORDER BY image) AS mean, sqrt(avg(variance ORDER BY image)) AS sd,
    max(pairs) AS pairs, count(mean) AS images, count(*) - count(mean) AS without
  FROM sensitivity_by_image GROUP BY ALL;
-- the same of a metric over the settings of a sweep; a part has no row where it has no number: that of the value, part '', tells how many were asked
CREATE VIEW accuracy_by_image AS
  SELECT model, image, sweep, metric, part, CASE WHEN without = 0 THEN mean END AS mean,
    CASE WHEN without = 0 AND settings > 1 THEN variance END AS variance, settings, without
  FROM (
    -- counted of groups, not of rows, of which there may be millions
    SELECT *, max(asked) OVER (PARTITION BY model, image, sweep, metric) - settings AS without
    FROM (
      SELECT model, image, sweep, metric, part, avg(value ORDER BY place) FILTER (NOT isnan(value)) AS mean,
        list_aggregate(list(value ORDER BY place) FILTER (NOT isnan(value)), 'var_pop') AS variance,
        count(*) FILTER (NOT isnan(value)) AS settings, count(*) FILTER (part = '') AS asked
      FROM score JOIN sweep USING (method)
      WHERE part <> 'class' -- which has no mean
      GROUP BY ALL));
CREATE VIEW accuracy AS
  SELECT model, sweep, metric, part, avg(mean ORDER BY image) AS mean, sqrt(avg(variance ORDER BY image)) AS sd,
    max(settings) AS settings, count(mean) AS images, max(asked) - count(mean) AS without
  FROM (
    SELECT *, count(*) FILTER (part = '') OVER (PARTITION BY model, sweep, metric) AS asked FROM accuracy_by_image)
  GROUP BY ALL;
CREATE VIEW accuracy_by_setting AS
  SELECT model, sweep, place, label, metric, part, mean, sd_images, images,
    max(asked) OVER (PARTITION BY model, sweep, place, metric) - images AS without
  FROM (
    SELECT model, sweep, place, label, metric, part, avg(value ORDER BY image) FILTER (NOT isnan(value)) AS mean,
      list_aggregate(list(value ORDER BY image) FILTER (NOT isnan(value)), 'stddev_pop') AS sd_images,
      count(*) FILTER (NOT isnan(value)) AS images, count(*) FILTER (part = '') AS asked
    FROM score JOIN sweep USING (method)
    WHERE part <> 'class' GROUP BY ALL);
