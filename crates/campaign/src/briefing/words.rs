//! The words of the briefing in both languages.

use swordnet_core::Lang;

/// What a figure is called.
pub(super) fn figure(name: &str, lang: Lang) -> &str {
    let (en, zh) = match name {
        "works_protected" => ("protected works", "受保护作品"),
        "works_on_warning_lists" => ("works on pre-warning lists", "预警名单作品"),
        "warning_lists" => ("pre-warning lists", "预警名单"),
        "site_visits" => ("visits to websites", "检查网站（次）"),
        "sites_checked" => ("distinct websites checked", "检查网站（个）"),
        "sites_unreachable" => ("websites unreachable", "无法访问的网站"),
        "sites_supervised" => ("websites under key supervision", "重点监管网站"),
        "sites_infringing" => ("websites with infringing links", "涉嫌侵权网站"),
        "sites_marked_for_sanction" => ("websites marked for sanction", "拟处罚网站"),
        "works_infringed" => ("works infringed", "被侵权作品"),
        "offers_examined" => ("offers compared with the register", "已比对内容"),
        "offers_not_judged" => ("offers not judged", "未能判定内容"),
        "links_found" => ("infringing links found", "发现涉嫌侵权链接"),
        "links_licensed" => ("links found licensed", "已获授权链接"),
        "links_white_listed" => ("links on white lists", "白名单链接"),
        "links_exempt" => ("links exempt by law", "依法不侵权链接"),
        "links_unclear" => ("links for a person to look at", "待核实链接"),
        "exhibits_sealed" => ("exhibits sealed", "封存证据"),
        "links_ordered" => ("removals ordered", "责令删除链接"),
        "links_deleted" => ("links deleted", "已删除链接"),
        "links_deleted_in_time" => ("links deleted in time", "按期删除链接"),
        "links_standing" => ("links still standing", "尚未删除链接"),
        "links_marked_for_sanction" => ("links marked for sanction", "拟处罚链接"),
        "links_moved" => ("links moved elsewhere", "转移链接"),
        "links_back_again" => ("links uploaded again", "重新上传链接"),
        "links_unreachable" => (
            "links not verifiable (unreachable)",
            "无法核验链接（网站无法访问）",
        ),
        "hours_to_deletion_median" => ("hours to deletion, median", "删除用时中位数（小时）"),
        "hours_to_deletion_longest" => ("hours to deletion, longest", "删除用时最长（小时）"),
        other => (other, other),
    };
    lang.pick(en, zh)
}

/// What a breakdown is called, and what it goes by.
pub(super) fn dimension(name: &str, lang: Lang) -> (&str, &str) {
    let (en, zh) = match name {
        "area" => (("By area", "area"), ("按领域", "领域")),
        "region" => (("By region", "region"), ("按地区", "地区")),
        "work" => (("By work", "work"), ("按作品", "作品")),
        "warning_list" => (("By pre-warning list", "list"), ("按预警名单", "名单")),
        other => ((other, other), (other, other)),
    };
    (lang.pick(en.0, zh.0), lang.pick(en.1, zh.1))
}
