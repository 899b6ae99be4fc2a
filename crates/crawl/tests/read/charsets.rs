//! 1,500 pages in the character sets of China, its neighbours and Europe: declared, not declared, and declared wrongly.

use encoding_rs::{
    BIG5, EUC_KR, Encoding, GB18030, GBK, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1250, WINDOWS_1251,
    WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257,
};
use swordnet_crawl::read::decode;

/// Sentences of a language, parted by `|`, and the character sets that its pages are written in.
const LANGUAGES: [(&str, &[&Encoding]); 12] = [
    (
        "这部电影讲述了一位老船工和他的狗在江边等待渡口重新开放的故事。|未经许可，不得转载或者在网络上传播本站的任何文章和图片。|\
         昨天下午，记者从市文化局了解到，今年一共查处了三百多起侵权案件。|小说的第二十章写得最好，读者在评论里吵了整整一个星期。|\
         会员可以免费观看高清全集，普通用户只能试看前六分钟。|歌词由作者本人提供，版权归唱片公司所有，下载仅供学习交流。|\
         山里的冬天来得早，十月刚过，路上就已经结了冰。|她把信放回抽屉里，坐在窗边一直等到天亮。|点击这里下载最新版本的客户端，安装之后重新登录。|\
         据新华社报道，两国将在下个月就知识产权保护问题举行新一轮会谈。|共有一千二百人参加了比赛，最年轻的选手只有九岁。|价格：二十八元，已售出五百册，包邮。",
        &[GBK, GB18030, UTF_16LE, UTF_16BE, UTF_8],
    ),
    (
        "這部電影講述了一位老船工和他的狗在江邊等待渡口重新開放的故事。|未經許可，不得轉載或者在網路上傳播本站的任何文章和圖片。|\
         昨天下午，記者從市文化局了解到，今年一共查處了三百多起侵權案件。|小說的第二十章寫得最好，讀者在評論裡吵了整整一個星期。|\
         會員可以免費觀看高畫質全集，一般用戶只能試看前六分鐘。|歌詞由作者本人提供，版權歸唱片公司所有，下載僅供學習交流。|\
         山裡的冬天來得早，十月剛過，路上就已經結了冰。|她把信放回抽屜裡，坐在窗邊一直等到天亮。|點擊這裡下載最新版本的程式，安裝之後重新登入。|\
         據中央社報導，雙方將在下個月就智慧財產權保護問題舉行新一輪會談。|共有一千二百人參加了比賽，最年輕的選手只有九歲。|價格：二十八元，已售出五百冊，免運費。",
        &[BIG5, UTF_16LE, UTF_16BE],
    ),
    (
        "この映画は、渡し場が再び開くのを待つ老人と犬の物語です。|無断転載を禁じます。画像や文章の著作権は当社に帰属します。|\
         きのうの午後、市の担当者は今年の被害がすでに三百件を超えたと話した。|第二十章がいちばん面白いという声が多く、感想欄は一週間にぎわった。|\
         会員になると、すべての動画を高画質で見ることができます。|山の冬は早く、十月を過ぎると道には氷が張る。|彼女は手紙を引き出しに戻し、朝まで窓のそばで待っていた。|\
         最新版のソフトはこちらからダウンロードしてください。|大会には千二百人が参加し、最年少は九歳だった。|送料は無料、お届けは三日以内です。",
        &[SHIFT_JIS, UTF_16LE],
    ),
    (
        "이 영화는 나루터가 다시 열리기를 기다리는 늙은 뱃사공과 그의 개에 관한 이야기입니다.|허락 없이 이 사이트의 글과 그림을 옮기거나 퍼뜨릴 수 없습니다.|\
         어제 오후 시청 관계자는 올해 모두 삼백 건이 넘는 침해 사건을 처리했다고 밝혔다.|소설의 스무 번째 장이 가장 재미있다는 독자들이 많았다.|\
         회원은 모든 동영상을 고화질로 무료로 볼 수 있습니다.|산속의 겨울은 일찍 와서 시월이 지나면 길에 얼음이 언다.|그녀는 편지를 서랍에 넣고 아침까지 창가에 앉아 있었다.|\
         최신 버전은 여기에서 내려받아 설치하십시오.|대회에는 천이백 명이 참가했고 가장 어린 선수는 아홉 살이었다.|배송은 무료이며 사흘 안에 도착합니다.",
        &[EUC_KR, UTF_16LE],
    ),
    (
        "Этот фильм рассказывает о старом паромщике и его собаке, которые ждут открытия переправы.|Перепечатка материалов сайта без разрешения запрещена.|\
         Вчера днём в городском управлении сообщили, что в этом году рассмотрено более трёхсот дел о нарушениях.|Двадцатая глава романа получилась лучше всех, и читатели спорили о ней целую неделю.|\
         Зарегистрированные пользователи могут смотреть все серии бесплатно.|Зима в горах наступает рано, и уже в октябре дорога покрывается льдом.|Она положила письмо в ящик и до утра сидела у окна.|\
         Скачайте последнюю версию программы и войдите заново.|В соревнованиях участвовали тысяча двести человек, самому младшему было девять лет.",
        &[WINDOWS_1251],
    ),
    (
        "Dieser Film erzählt von einem alten Fährmann und seinem Hund, die am Fluß auf die Öffnung der Fähre warten.|Der Nachdruck von Texten und Bildern ist ohne Erlaubnis nicht gestattet.|\
         Wie die Behörde gestern mitteilte, wurden dieses Jahr über dreihundert Fälle geprüft.|Das zwanzigste Kapitel gefällt den Lesern am besten, darüber wurde eine Woche lang gestritten.|\
         Für Mitglieder sind alle Folgen in höchster Qualität kostenlos.|Der Winter kommt früh in den Bergen; schon im Oktober liegt Eis auf den Straßen.|Sie legte den Brief zurück in die Schublade und saß bis zum Morgen am Fenster.|\
         L’été dernier, près de mille deux cents élèves ont participé à la fête; le plus jeune avait neuf ans.|Où trouver la dernière version? Téléchargez-la ici, puis reconnectez-vous.|Señoras y señores: mañana por la mañana habrá más información sobre el niño.",
        &[WINDOWS_1252],
    ),
    (
        "Ten film opowiada o starym przewoźniku i jego psie, którzy czekają nad rzeką na otwarcie przeprawy.|Kopiowanie tekstów i zdjęć bez zgody właściciela jest zabronione.|\
         Wczoraj po południu urząd poinformował, że w tym roku rozpatrzono ponad trzysta spraw.|Dwudziesty rozdział powieści podobał się czytelnikom najbardziej.|\
         Użytkownicy zalogowani mogą oglądać wszystkie odcinki bezpłatnie.|Zima w górach przychodzi wcześnie, już w październiku drogi pokrywa lód.|Włożyła list do szuflady i siedziała przy oknie aż do świtu.|\
         Proszę pobrać najnowszą wersję programu i zalogować się ponownie.|W zawodach wzięło udział tysiąc dwieście osób, najmłodsza miała dziewięć lat.",
        &[WINDOWS_1250],
    ),
    (
        "Η ταινία αυτή διηγείται την ιστορία ενός γέρου βαρκάρη και του σκύλου του που περιμένουν στο ποτάμι.|Απαγορεύεται η αναδημοσίευση χωρίς την άδεια του συγγραφέα.|\
         Χθες το απόγευμα ο δήμος ανακοίνωσε ότι φέτος εξετάστηκαν πάνω από τριακόσιες υποθέσεις.|Το εικοστό κεφάλαιο του μυθιστορήματος άρεσε περισσότερο στους αναγνώστες.|\
         Τα μέλη μπορούν να βλέπουν όλα τα επεισόδια δωρεάν.|Ο χειμώνας στα βουνά έρχεται νωρίς και ο δρόμος γεμίζει πάγο.|Έβαλε το γράμμα στο συρτάρι και κάθισε στο παράθυρο ως το πρωί.|\
         Κατεβάστε την τελευταία έκδοση του προγράμματος και συνδεθείτε ξανά.",
        &[WINDOWS_1253],
    ),
    (
        "Bu film, iskelenin yeniden açılmasını bekleyen yaşlı bir kayıkçı ile köpeğinin öyküsünü anlatıyor.|İzin alınmadan yazıların ve görsellerin çoğaltılması yasaktır.|\
         Dün öğleden sonra belediye, bu yıl üç yüzden fazla dosyanın incelendiğini açıkladı.|Okurlar en çok romanın yirminci bölümünü beğendi ve bir hafta boyunca tartıştı.|\
         Üyeler bütün bölümleri ücretsiz izleyebilir.|Dağlarda kış erken gelir, ekim geçince yollar buz tutar.|Mektubu çekmeceye koydu ve sabaha kadar pencerenin önünde oturdu.|\
         Programın son sürümünü indirip yeniden giriş yapınız.|Yarışmaya bin iki yüz kişi katıldı, en küçüğü dokuz yaşındaydı.",
        &[WINDOWS_1254],
    ),
    (
        "הסרט מספר על מלח זקן ועל הכלב שלו שמחכים על שפת הנהר עד שהמעבורת תפתח שוב.|אין להעתיק טקסטים ותמונות מהאתר ללא רשות.|\
         אתמול אחר הצהריים הודיעה העירייה כי השנה נבדקו יותר משלוש מאות תיקים.|הפרק העשרים בספר הוא הטוב ביותר לדעת הקוראים.|\
         חברים רשומים יכולים לצפות בכל הפרקים בחינם.|החורף בהרים מגיע מוקדם והדרכים מתכסות בקרח.|היא החזירה את המכתב למגירה וישבה ליד החלון עד הבוקר.|\
         הורידו את הגרסה האחרונה של התוכנה והתחברו מחדש.",
        &[WINDOWS_1255],
    ),
    (
        "يحكي هذا الفيلم قصة رجل عجوز وكلبه ينتظران على ضفة النهر حتى تفتح المعدية من جديد.|لا يجوز نسخ النصوص والصور من هذا الموقع دون إذن.|\
         أعلنت البلدية أمس أنها نظرت هذا العام في أكثر من ثلاثمئة قضية.|أعجب القراء بالفصل العشرين من الرواية أكثر من غيره.|\
         يمكن للأعضاء مشاهدة جميع الحلقات مجانا.|يأتي الشتاء مبكرا في الجبال ويغطي الجليد الطرق.|أعادت الرسالة إلى الدرج وجلست قرب النافذة حتى الصباح.|\
         قم بتنزيل الإصدار الأخير من البرنامج ثم سجل الدخول مرة أخرى.",
        &[WINDOWS_1256],
    ),
    (
        "Šis filmas pasakoja apie seną keltininką ir jo šunį, kurie prie upės laukia, kol vėl atsidarys perkėla.|Be leidimo kopijuoti svetainės tekstus ir nuotraukas draudžiama.|\
         Vakar po pietų savivaldybė pranešė, kad šiais metais išnagrinėta daugiau kaip trys šimtai bylų.|Skaitytojams labiausiai patiko dvidešimtasis romano skyrius.|\
         Registruoti naudotojai visas serijas gali žiūrėti nemokamai.|Žiema kalnuose ateina anksti, jau spalį kelius padengia ledas.|Ji įdėjo laišką į stalčių ir iki ryto sėdėjo prie lango.|\
         Atsisiųskite naujausią programos versiją ir prisijunkite iš naujo.",
        &[WINDOWS_1257],
    ),
];

/// What a page and its server say of its character set.
const DECLARED: [&str; 5] = ["header", "meta", "nothing", "header: utf-8", "header: iso-8859-1"];

/// Numbers that look random and are the same each time (a linear congruence of Knuth's).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below
    }
}

/// A page of 4 to 18 sentences; `meta`: the character set that it declares.
fn page(dice: &mut Dice, sentences: &[&str], meta: Option<&str>) -> String {
    let mut some = |count: usize| -> String {
        let chosen: Vec<&str> = (0..count)
            .map(|_| sentences[dice.roll(sentences.len())])
            .collect();
        chosen.join(" ")
    };
    let meta = meta.map_or_else(String::new, |label| format!("<meta charset=\"{label}\">"));
    let (title, lead, rest) = (some(1), some(2), some(2));
    let more = 1 + dice.roll(14);
    let more: Vec<&str> = (0..more).map(|_| sentences[dice.roll(sentences.len())]).collect();
    format!(
        "<!doctype html>\r\n<html><head>{meta}<title>{title}</title><link rel=stylesheet href=\"/style.css\"></head>\
         <body><ul class=\"nav\"><li><a href=\"/\">Home</a></li></ul><h1>{title}</h1><p>{lead}</p>\
         <p>{rest}</p><div class=\"text\">{}</div><script src=\"/app.js\"></script></body></html>",
        more.join("</div><div class=\"text\">")
    )
}

fn bytes(encoding: &'static Encoding, text: &str) -> Vec<u8> {
    if encoding == UTF_16LE {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    } else if encoding == UTF_16BE {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    } else {
        let (bytes, _, lost) = encoding.encode(text);
        assert!(!lost, "{} cannot say {text}", encoding.name());
        bytes.into_owned()
    }
}

#[test]
fn pages_in_every_character_set_are_read_right() {
    let mut dice = Dice(4);
    let (mut pages, mut wrong) = (0, Vec::new());
    for (sentences, encodings) in LANGUAGES {
        let sentences: Vec<&str> = sentences.split('|').map(str::trim).collect();
        for &encoding in encodings {
            for declared in DECLARED {
                for _ in 0..15 {
                    let label = encoding.name();
                    let text = page(&mut dice, &sentences, (declared == "meta").then_some(label));
                    let header = match declared {
                        "header" => Some(format!("text/html; charset={label}")),
                        "header: utf-8" => Some("text/html; charset=utf-8".to_owned()),
                        "header: iso-8859-1" => Some("text/html; charset=iso-8859-1".to_owned()),
                        _ => Some("text/html".to_owned()),
                    };
                    pages += 1;
                    let (read, taken_for) = decode(&bytes(encoding, &text), header.as_deref());
                    if read != text {
                        wrong.push(format!("{label}, {declared}: taken for {taken_for}"));
                    }
                }
            }
        }
    }
    assert!(pages >= 1000, "{pages}");
    // 99.5 of a hundred.
    assert!(
        wrong.len() * 200 <= pages,
        "{} of {pages} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
