<?php
// The script of the provider's document, made to run. It marks a text that was sent to this number as answered,
// and forgets what the answer was; this one stores the message instead. Both are one statement and one commit.

$log = "MO RECEIVED. REQUEST: " .
    "Originator MSISDN: " . $_POST['MSISDN'] .
    "First word (keyword) " . $_POST['KEYWORD'] .
    "Message content: " . $_POST['PARM'] .
    "Receiver's operator: " . $_POST['OPERATOR'] .
    "Received at: " . $_POST['TIMESTAMP'] .
    "Shortcode: " . $_POST['SHORTCODE'] .
    "Country code: " . $_POST['COUNTRY'];

$db = new PDO($_SERVER['DSN'], $_SERVER['DB_USER'], '', [
    PDO::ATTR_PERSISTENT => (bool) $_SERVER['PERSISTENT'],
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,  // so that a failure is a 500 and no TRUE
]);
$db->prepare(
    'INSERT INTO texts (msisdn, keyword, parm, operator, sent_at, shortcode, country)
     VALUES (:msisdn, :keyword, :parm, :operator, :timestamp, :shortcode, :country)'
)->execute([
    'msisdn' => $_POST['MSISDN'],
    'keyword' => $_POST['KEYWORD'],
    'parm' => $_POST['PARM'],
    'operator' => $_POST['OPERATOR'],
    'timestamp' => $_POST['TIMESTAMP'],
    'shortcode' => $_POST['SHORTCODE'],
    'country' => $_POST['COUNTRY'],
]);

echo 'TRUE';
